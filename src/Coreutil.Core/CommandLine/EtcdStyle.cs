using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// etcd 2.3's command line: Go's flags, a usage of three forms, the help written from the same options in the sections they are declared in.
/// </summary>
/// <param name="versionLines">What <c>--version</c> prints.</param>
/// <param name="sections">The flags' sections: a heading and the names under it; flags in none are accepted but not shown.</param>
public sealed class EtcdStyle(IReadOnlyList<string> versionLines, IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> sections) : CommandLineStyle
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
                context.Error.WriteLine(refused.Message);
                context.Error.Write(Usage);
                return new CommandLineReading.Answered(ExitCode.Usage);
            case GoFlagResult.Parsed { Words: [var word, ..] }:
                context.Error.WriteLine($"'{word}' is not a valid flag");
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
