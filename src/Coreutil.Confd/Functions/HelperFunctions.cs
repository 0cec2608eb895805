using System.Collections.Immutable;
using System.Numerics;
using System.Text.RegularExpressions;
using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>What confd never had and its users missed; named as in sprig where that has them.</summary>
internal static class HelperFunctions
{
    public static ImmutableArray<TemplateFunction> All { get; } =
    [
        new("default", [GoTypes.Interface, GoTypes.AnyValue], values => GoTypes.IsTrue(values[1].Data) ? values[1] : values[0]),
        new("toJSON", [GoTypes.AnyValue], values => Value.Of(DataWriter.Json(values[0].Data))),
        new("toYAML", [GoTypes.AnyValue], values => Value.Of(DataWriter.Yaml(values[0].Data))),
        new("toInt", [GoTypes.AnyValue], values => Value.Of(ToInt(values[0].Data))),
        Define("trim", [GoTypes.String], values => Text(values[0]).Trim(' ', '\t', '\r', '\n', '\v', '\f')),
        Define("trimPrefix", [GoTypes.String, GoTypes.String], values =>
            Text(values[0]).StartsWith(Text(values[1]), StringComparison.Ordinal) ? Text(values[0])[Text(values[1]).Length..] : Text(values[0])),
        Define("hasPrefix", [GoTypes.String, GoTypes.String], values => Text(values[0]).StartsWith(Text(values[1]), StringComparison.Ordinal)),
        Define("hasSuffix", [GoTypes.String, GoTypes.String], values => Text(values[0]).EndsWith(Text(values[1]), StringComparison.Ordinal)),
        Define("indent", [GoTypes.Int, GoTypes.String], values => Indent((long)values[0].Data!, Text(values[1]))),
        Define("quote", [GoTypes.String], values => GoText.Quote(Text(values[0]))),
        Define("regexMatch", [GoTypes.String, GoTypes.String], values => Expression(values[0]).IsMatch(Wide(values[1]))),
        Define("regexFind", [GoTypes.String, GoTypes.String], values => GoText.FromUtf16(Expression(values[0]).Match(Wide(values[1])).Value)),
        Define("regexReplaceAll", [GoTypes.String, GoTypes.String, GoTypes.String], values =>
            GoText.FromUtf16(Expression(values[0]).Replace(Wide(values[1]), Wide(values[2])))),
        new("include", [GoTypes.String, GoTypes.AnyValue], values => values[0]) { IsInclude = true, IsVariadic = true },
        Encrypted("cget"),
        Encrypted("cgets"),
        Encrypted("cgetv"),
        Encrypted("cgetvs"),
    ];

    /// <summary>Known, so that the message says what the matter is: decryption went out of confd after 0.16, and it is not in here.</summary>
    private static TemplateFunction Encrypted(string name) => Define(
        name, [GoTypes.String], _ => throw new FunctionException("encrypted values cannot be read: this confd has no -secret-keyring; decrypt them before they are stored"));

    private static string Wide(Value value) => GoText.ToUtf16(Text(value));

    /// <summary>Without backtracking, as Go's own: no expression can take for ever.</summary>
    private static Regex Expression(Value pattern)
    {
        try
        {
            return new Regex(Wide(pattern), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (Exception bad) when (bad is ArgumentException or NotSupportedException)
        {
            throw new FunctionException($"error parsing regexp: {GoText.FromUtf16(bad.Message)}", bad);
        }
    }

    /// <summary>JSON has no whole numbers, add and seq take nothing else.</summary>
    private static long ToInt(object? data) => data switch
    {
        long number => number,
        byte number => number,
        double number when number is > -9.2e18 and < 9.2e18 => (long)number,
        GoInteger number => number.Number,
        string { Length: < 100 } text when BigInteger.TryParse(text, out var number) && number >= long.MinValue && number <= long.MaxValue => (long)number,
        _ => throw new FunctionException($"{GoTypes.NameOf(data)} is no number"),
    };

    private static string Indent(long count, string text)
    {
        const int MostSpaces = 1000;
        string spaces = new(' ', (int)Math.Clamp(count, 0, MostSpaces));
        Limits.CheckText(text.Length + (text.Count(c => c == '\n') * (long)spaces.Length));
        return string.Join('\n', text.Split('\n').Select(line => line.Length > 0 ? spaces + line : line));
    }
}
