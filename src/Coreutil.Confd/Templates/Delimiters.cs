namespace Coreutil.Confd.Templates;

/// <summary>What opens and closes an action; byte strings, as all text of the engine.</summary>
internal sealed record Delimiters(string Left, string Right)
{
    public static Delimiters Default { get; } = new("{{", "}}");

    /// <summary>An empty one stands for the usual, as in Go.</summary>
    public static Delimiters Create(string left, string right) => new(
        left.Length > 0 ? GoText.FromUtf16(left) : Default.Left,
        right.Length > 0 ? GoText.FromUtf16(right) : Default.Right);
}
