using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>Whole numbers (64 bits, wrapping round) and their texts.</summary>
internal static class NumberFunctions
{
    public static ImmutableArray<TemplateFunction> All { get; } =
    [
        Arithmetic("add", (a, b) => unchecked(a + b)),
        Arithmetic("sub", (a, b) => unchecked(a - b)),
        Arithmetic("mul", (a, b) => unchecked(a * b)),
        // -1 is taken apart: the least number divided by it overflows, which Go lets wrap.
        Arithmetic("div", (a, b) => b == -1 ? unchecked(-a) : a / NotZero(b)),
        Arithmetic("mod", (a, b) => b == -1 ? 0 : a % NotZero(b)),
        Define("seq", [GoTypes.Int, GoTypes.Int], values => Sequence(Number(values[0]), Number(values[1]))),
        Define("atoi", [GoTypes.String], values => Atoi(Text(values[0]))),
        Define("parseBool", [GoTypes.String], values => Text(values[0]) switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            var other => throw new FunctionException($"strconv.ParseBool: parsing {GoText.Quote(other)}: invalid syntax"),
        }),
    ];

    private static TemplateFunction Arithmetic(string name, Func<long, long, long> body) =>
        Define(name, [GoTypes.Int, GoTypes.Int], values => body(Number(values[0]), Number(values[1])));

    private static long Number(Value value) => (long)value.Data!;

    private static long NotZero(long divisor) => divisor != 0 ? divisor : throw new FunctionException("runtime error: integer divide by zero");

    private static GoSlice Sequence(long first, long last)
    {
        Limits.CheckList((Int128)last - first + 1, "seq");
        return new GoSlice(GoTypes.IntSlice, first > last ? [] : Enumerable.Range(0, (int)(last - first + 1)).Select(i => (object?)(first + i)));
    }

    private static long Atoi(string text)
    {
        string digits = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        if (digits.Length == 0 || digits.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw new FunctionException($"strconv.Atoi: parsing {GoText.Quote(text)}: invalid syntax");
        }

        // More digits than these are too many, and reading them all would take the square of their number.
        const int MostDigits = 19;
        string significant = digits.TrimStart('0');
        return significant.Length <= MostDigits && Int128.Parse("0" + significant, NumberStyles.None, CultureInfo.InvariantCulture) * (text[0] == '-' ? -1 : 1) is var number
                && number >= long.MinValue && number <= long.MaxValue
            ? (long)number
            : throw new FunctionException($"strconv.Atoi: parsing {GoText.Quote(text)}: value out of range");
    }
}
