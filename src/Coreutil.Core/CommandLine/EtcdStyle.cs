using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// etcd 2.3's command line: Go's flags, a usage of three forms, the help written from the same options in the sections they are declared in.
/// </summary>
/// <param name="versionLines">What <c>--version</c> prints.</param>
/// <param name="refuse">The reason why a flag's value will not do, by the flag's bare name; null when it will.</param>
/// <param name="failureLine">The log line for a command line that was read and makes no sense.</param>
/// <param name="sections">The flags' sections: a heading and the names under it; flags in none are accepted but not shown.</param>
public sealed class EtcdStyle(
    IReadOnlyList<string> versionLines,
    IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> sections,
    Func<string, string, string?> refuse,
    Func<AppletContext, string, string> failureLine) : CommandLineStyle
{
    private const string Usage =
        """
        usage: etcd [flags]
               start an etcd server

               etcd --version
               show the version of etcd

               etcd -h | --help
               show the help information about etcd

        """;

    protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
    {
        switch (GoFlags.Parse(arguments, name => Find(root, name)))
        {
            case GoFlagResult.HelpRequested:
                WriteHelp(root, context.Out);
                return new CommandLineReading.Answered(ExitCode.Success);
            case GoFlagResult.Refused refused:
                return Misused(context, refused.Message);
            case GoFlagResult.Parsed parsed when parsed.Flags.Select(RefuseValue).FirstOrDefault(message => message is not null) is { } message:
                return Misused(context, message);
            case GoFlagResult.Parsed { Words: [var word, ..] }:
                context.Error.WriteLine(failureLine(context, $"'{word}' is not a valid flag"));
                return new CommandLineReading.Answered(ExitCode.Failure);
            case GoFlagResult.Parsed parsed when parsed.Flags.Any(flag => flag is { Option.Name: "--version", Value: "true" }):
                foreach (string line in versionLines)
                {
                    context.Out.WriteLine(line);
                }

                return new CommandLineReading.Answered(ExitCode.Success);
            case GoFlagResult.Parsed parsed:
                // Go takes the last of a repeated flag.
                return new CommandLineReading.Canonical([.. parsed.Flags.GroupBy(flag => flag.Option).Select(same => same.Last().Canonical)]);
            default:
                throw new InvalidOperationException("unknown reading");
        }
    }

    private string? RefuseValue(GoFlagValue flag)
    {
        string name = GoFlags.Names(flag.Option).First();
        return flag.Option is not GoIgnoredOption && refuse(name, flag.Value) is { } reason ? $"invalid value {GoQuote.Quote(flag.Value)} for flag -{name}: {reason}" : null;
    }

    private static CommandLineReading.Answered Misused(AppletContext context, string message)
    {
        context.Error.WriteLine(message);
        context.Out.WriteLine(Usage);
        return new CommandLineReading.Answered(ExitCode.Usage);
    }

    /// <summary>Help is not an option of the original: it must not be found as one.</summary>
    private static Option? Find(Command root, string name) => name is "h" or "help" or "?" ? null : GoFlags.Find(root, name);

    private void WriteHelp(Command root, TextWriter output)
    {
        output.Write(Usage);
        foreach (var (heading, names) in sections)
        {
            output.WriteLine();
            output.WriteLine($"{heading} flags:");
            output.WriteLine();
            foreach (var option in names.Select(name => GoFlags.Find(root, name)).OfType<Option>())
            {
                output.WriteLine($"\t{option.Name} {(GoFlags.IsBoolean(option) ? "'false'" : $"'{option.HelpName}'")}");
                output.WriteLine($"\t\t{option.Description}");
            }
        }
    }
}
