using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// Reads an argument vector as Go's <c>flag</c> package does: <c>-name</c> and <c>--name</c> alike, <c>-name=value</c>, <c>-name value</c>,
/// bare booleans, <c>-name=</c> as the empty value, <c>--</c> and the first positional word as the end of the flags.
/// </summary>
public static class GoFlags
{
    /// <summary>
    /// Flags and positional words of <paramref name="arguments"/>.
    /// <paramref name="findOption"/> maps a flag's bare name (no dashes) to its option; null means unknown.
    /// With <paramref name="isInterspersed"/> flags may also follow positional words.
    /// </summary>
    public static GoFlagResult Parse(IReadOnlyList<string> arguments, Func<string, Option?> findOption, bool isInterspersed = false)
    {
        var flags = ImmutableArray.CreateBuilder<GoFlagValue>();
        var words = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (argument == "--")
            {
                words.AddRange(arguments.Skip(i + 1));
                break;
            }

            if (argument.Length < 2 || argument[0] != '-')
            {
                words.Add(argument);
                if (isInterspersed)
                {
                    continue;
                }

                words.AddRange(arguments.Skip(i + 1));
                break;
            }

            string name = argument[(argument[1] == '-' ? 2 : 1)..];
            if (name.Length == 0 || name[0] is '-' or '=')
            {
                return new GoFlagResult.Refused($"bad flag syntax: {argument}", null);
            }

            int equals = name.IndexOf('=', StringComparison.Ordinal);
            string? value = equals < 0 ? null : name[(equals + 1)..];
            name = equals < 0 ? name : name[..equals];
            if (findOption(name) is not { } option)
            {
                return name is "h" or "help"
                    ? new GoFlagResult.HelpRequested()
                    : new GoFlagResult.Refused($"flag provided but not defined: -{name}", name);
            }

            if (option is GoIgnoredOption)
            {
                flags.Add(new(option, "true"));
                continue;
            }

            if (IsBoolean(option))
            {
                if (value is not null && ParseBoolean(value) is null)
                {
                    return new GoFlagResult.Refused($"invalid boolean value {GoQuote.Quote(value)} for -{name}: parse error", name);
                }

                flags.Add(new(option, ParseBoolean(value ?? "true")!.Value ? "true" : "false"));
                continue;
            }

            if (value is null)
            {
                if (i + 1 >= arguments.Count)
                {
                    return new GoFlagResult.Refused($"flag needs an argument: -{name}", name);
                }

                value = arguments[++i];
            }

            if (option.ValueType == typeof(ulong) && RefuseUnsigned(value) is { } wrong)
            {
                return new GoFlagResult.Refused($"invalid value {GoQuote.Quote(value)} for flag -{name}: {wrong}", name);
            }

            if (IsNumber(option))
            {
                if (GoInteger.Read(value, out long number) is { } complaint)
                {
                    return new GoFlagResult.Refused($"invalid value {GoQuote.Quote(value)} for flag -{name}: {complaint}", name);
                }

                value = number.ToString(CultureInfo.InvariantCulture);
            }

            if (option.ValueType == typeof(TimeSpan) && !GoDuration.TryParse(value, out _))
            {
                return new GoFlagResult.Refused($"invalid value {GoQuote.Quote(value)} for flag -{name}: time: invalid duration {GoQuote.Quote(value)}", name);
            }

            flags.Add(new(option, value));
        }

        return new GoFlagResult.Parsed(flags.ToImmutable(), words.ToImmutable());
    }

    /// <summary>
    /// Finds an option of <paramref name="command"/> by its bare name or any alias without dashes. The help and version options that every
    /// RootCommand brings along do not count: the historic programs declare their own or answer -h by themselves.
    /// </summary>
    public static Option? Find(Command command, string name) => command.Options.FirstOrDefault(option =>
        option is not (HelpOption or VersionOption) && Names(option).Contains(name, StringComparer.Ordinal));

    /// <summary>All spellings of an option without their dashes, the main name first.</summary>
    public static IEnumerable<string> Names(Option option) => option.Aliases.Prepend(option.Name).Select(name => name.TrimStart('-')).Distinct();

    public static bool IsBoolean(Option option) => option.ValueType == typeof(bool);

    /// <summary>Go's <c>strconv.ParseBool</c>; null when the word is none of its twelve.</summary>
    public static bool? ParseBoolean(string word) => word switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };

    /// <summary>Go's words for what is no unsigned number; null when it is one.</summary>
    public static string? RefuseUnsigned(string value) =>
        ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? null
        : value.Length > 0 && value.All(char.IsAsciiDigit) ? "value out of range" : "parse error";

    private static bool IsNumber(Option option) => option.ValueType == typeof(int) || option.ValueType == typeof(long);
}

/// <summary>A flag of an older release: it is taken with or without a value, whatever that is, and means nothing.</summary>
public sealed class GoIgnoredOption(string name) : Option<bool>(name);

public readonly record struct GoFlagValue(Option Option, string Value)
{
    /// <summary>The form System.CommandLine reads without guessing, the empty value included.</summary>
    public string Canonical => $"{Option.Name}={Value}";
}

public abstract record GoFlagResult
{
    private GoFlagResult()
    {
    }

    public sealed record Parsed(ImmutableArray<GoFlagValue> Flags, ImmutableArray<string> Words) : GoFlagResult;

    /// <summary><c>-h</c> or <c>-help</c> where the program declares neither.</summary>
    public sealed record HelpRequested : GoFlagResult;

    public sealed record Refused(string Message, string? FlagName) : GoFlagResult;
}
