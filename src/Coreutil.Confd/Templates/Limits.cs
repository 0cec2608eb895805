namespace Coreutil.Confd.Templates;

/// <summary>
/// What a template may use. None is near what a file of configuration needs; they end templates that would never end by themselves, or only with the
/// memory of the machine.
/// </summary>
internal static class Limits
{
    /// <summary>Nodes visited and rounds of loops, and for every function what it made: some ten seconds of work.</summary>
    public const long MostSteps = 100_000_000;

    /// <summary>Bytes that a function may make, and that a template may write.</summary>
    public const int LongestText = 64 * 1024 * 1024;

    /// <summary>Elements of a list that a function makes.</summary>
    public const int LongestList = 10_000_000;

    public static string TooLong => $"text of more than {LongestText} bytes";

    /// <exception cref="FunctionException">The text is, or would be, too long.</exception>
    public static void CheckText(long length)
    {
        if (length > LongestText)
        {
            throw new FunctionException(TooLong);
        }
    }

    /// <exception cref="FunctionException">The list would be too long.</exception>
    public static void CheckList(Int128 count, string what)
    {
        if (count > LongestList)
        {
            throw new FunctionException($"{what} of more than {LongestList} {(what == "seq" ? "numbers" : "parts")}");
        }
    }

    /// <summary>The steps that a function's result stands for.</summary>
    public static long CostOf(Value made) => made.Data switch
    {
        string text => text.Length / 16,
        GoSlice slice => slice.Length,
        GoMap map => map.Count,
        _ => 0,
    };
}
