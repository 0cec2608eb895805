using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Fleetd;

/// <summary>Reads fleetd's vector as the original does: Go flags, or the one word <c>version</c>; anything else is refused with the usage and exit 1.</summary>
internal sealed class FleetdCommandLine : CommandLineStyle
{
    protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
    {
        switch (GoFlags.Parse(arguments, name => GoFlags.Find(root, name)))
        {
            case GoFlagResult.Parsed { Words: ["version"] }:
                return new CommandLineReading.Canonical(["--version=true"]);
            case GoFlagResult.Parsed { Words.IsEmpty: true } parsed:
                // Of a flag that is given twice the last one counts.
                return new CommandLineReading.Canonical([.. parsed.Flags.GroupBy(flag => flag.Option).Select(same => same.Last().Canonical)]);
            case GoFlagResult.Parsed { Words: [var word, ..] }:
                context.Error.WriteLine($"unexpected argument: {word}");
                WriteUsage(root, context.Error);
                return new CommandLineReading.Answered(ExitCode.Failure);
            case GoFlagResult.HelpRequested:
                WriteUsage(root, context.Out);
                return new CommandLineReading.Answered(ExitCode.Success);
            case GoFlagResult.Refused refused:
                context.Error.WriteLine(refused.Message);
                WriteUsage(root, context.Error);
                return new CommandLineReading.Answered(ExitCode.Failure);
            default:
                throw new InvalidOperationException("unknown reading");
        }
    }

    // The form of Go's flag.PrintDefaults.
    private static void WriteUsage(Command root, TextWriter output)
    {
        output.WriteLine("Usage of fleetd:");
        foreach (var option in root.Options.Where(option => GoFlags.Find(root, option.Name.TrimStart('-')) is not null).OrderBy(option => option.Name, StringComparer.Ordinal))
        {
            output.WriteLine($"  -{option.Name.TrimStart('-')}{(GoFlags.IsBoolean(option) ? "" : " string")}");
            output.WriteLine($"    \t{option.Description}");
        }
    }
}
