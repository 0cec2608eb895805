using System.Collections.Immutable;
using System.CommandLine;
using System.Text;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// A program of Go's <c>flag</c> package alone (confd): flags end at the first word, words are ignored, the last of equal flags counts. Help and usage
/// errors go to stderr, as «Usage of NAME:» and the flags in order of their names; errors end with code 2, help with 0.
/// </summary>
public sealed class GoUsageStyle : CommandLineStyle
{
    public static GoUsageStyle Instance { get; } = new();

    protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
    {
        switch (GoFlags.Parse(arguments, name => GoFlags.Find(root, name)))
        {
            case GoFlagResult.Parsed parsed:
                return new CommandLineReading.Canonical([.. Last(parsed.Flags).SelectMany(Canonical)]);
            case GoFlagResult.Refused refused:
                context.Error.WriteLine(refused.Message);
                context.Error.Write(Usage(root, context.InvokedAs));
                return new CommandLineReading.Answered(ExitCode.Usage);
            default:
                context.Error.Write(Usage(root, context.InvokedAs));
                return new CommandLineReading.Answered(ExitCode.Success);
        }
    }

    /// <summary>Go's PrintDefaults. Flags without a description are accepted and not shown.</summary>
    public static string Usage(Command root, string name)
    {
        var text = new StringBuilder().Append("Usage of ").Append(name).Append(":\n");
        foreach (var option in root.Options.Where(option => !option.Hidden).OrderBy(option => option.Name, StringComparer.Ordinal))
        {
            string line = $"  -{GoFlags.Names(option).First()}";
            string type = TypeName(option);
            line += type.Length > 0 ? " " + type : "";
            // A flag of one letter keeps its description on the line.
            text.Append(line).Append(line.Length <= 4 ? "\t" : "\n    \t").Append(option.Description).Append(Default(option)).Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<GoFlagValue> Last(ImmutableArray<GoFlagValue> flags) =>
        flags.Where((flag, at) => flag.Option.ValueType.IsArray || !flags.Skip(at + 1).Any(later => later.Option == flag.Option));

    /// <summary>An empty value stands as a word of its own; "--name=" would be no value at all.</summary>
    private static IEnumerable<string> Canonical(GoFlagValue flag) => flag.Value.Length > 0 ? [flag.Canonical] : [flag.Option.Name, ""];

    private static string TypeName(Option option) =>
        GoFlags.IsBoolean(option) ? "" : option.ValueType == typeof(int) ? "int" : option.ValueType.IsArray ? "value" : "string";

    private static string Default(Option option) => !option.HasDefaultValue ? "" : option.GetDefaultValue() switch
    {
        string { Length: > 0 } text => $" (default {GoQuote.Quote(text)})",
        int number when number != 0 => FormattableString.Invariant($" (default {number})"),
        _ => "",
    };
}
