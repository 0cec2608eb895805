namespace Coreutil.Confd.Functions;

/// <summary>What templates may ask of the machine they are rendered on; tests pass one they made up.</summary>
internal sealed record HostView(Func<string, string?> Variable, TimeProvider Time);
