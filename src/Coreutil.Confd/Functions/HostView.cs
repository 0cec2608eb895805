using System.Collections.Immutable;
using Coreutil.Core.Net;

namespace Coreutil.Confd.Functions;

/// <summary>What templates may ask of the machine they are rendered on; tests pass one they made up.</summary>
/// <param name="Variable">Of the environment.</param>
/// <param name="Time">The clock.</param>
/// <param name="Services">The SRV records of a name, none where they cannot be had; null for a machine without name servers.</param>
internal sealed record HostView(Func<string, string?> Variable, TimeProvider Time, Func<string, ImmutableArray<SrvRecord>>? Services = null);
