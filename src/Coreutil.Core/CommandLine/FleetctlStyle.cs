using System.CommandLine;
using System.Globalization;
using System.Text;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// fleetctl: one or two dashes, <c>=</c> or a blank, flags anywhere before <c>--</c>, as fleet 0.x (Go's flag package) and 1.0 (cobra) together took
/// them. What is unknown ends with code 2 on stderr, where 1.0 printed its usage and exited 0.
/// </summary>
public sealed class FleetctlStyle(string program, string version) : CommandLineStyle
{
    protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
    {
        if (arguments is ["version" or "-v" or "-version" or "--version", ..])
        {
            context.Out.WriteLine($"{program} version {version}");
            return new CommandLineReading.Answered(ExitCode.Success);
        }

        Command? command = null;
        bool wantsHelp = false;
        var parsed = GoFlags.Parse(BeforeForeignCommand(root, arguments), FindOption, isInterspersed: true);
        if (parsed is GoFlagResult.Refused refused)
        {
            return Refuse(context, refused.Message.Replace("flag provided but not defined: -", "unknown flag: --", StringComparison.Ordinal));
        }

        if (parsed is not GoFlagResult.Parsed { } read)
        {
            wantsHelp = true;
            read = new GoFlagResult.Parsed([], [.. arguments.Where(argument => !argument.StartsWith('-')).Take(1)]);
        }

        var words = read.Words;
        if (words.Length == 0 || Find(root, words[0])?.Name == "help")
        {
            var topic = words.Length > 1 ? Find(root, words[1]) : null;
            context.Out.Write(topic is null ? TopHelp(root) : CommandHelp(root, topic));
            return new CommandLineReading.Answered(ExitCode.Success);
        }

        command = Find(root, words[0]);
        if (command is null)
        {
            return Refuse(context, $"unknown command \"{words[0]}\" for \"{program}\"");
        }

        if (wantsHelp)
        {
            context.Out.Write(CommandHelp(root, command));
            return new CommandLineReading.Answered(ExitCode.Success);
        }

        if (read.Flags.FirstOrDefault(flag => !root.Options.Contains(flag.Option) && !command.Options.Contains(flag.Option)) is { Option: not null } foreign)
        {
            return Refuse(context, $"unknown flag: {foreign.Option.Name}");
        }

        // Of a flag that is given twice the last one counts.
        GoFlagValue[] flags = [.. read.Flags.GroupBy(flag => flag.Option).Select(same => same.Last())];
        var ofRoot = flags.Where(flag => root.Options.Contains(flag.Option)).SelectMany(Words);
        var ofCommand = flags.Where(flag => command.Options.Contains(flag.Option)).SelectMany(Words);
        return new CommandLineReading.Canonical([.. ofRoot, command.Name, .. ofCommand, "--", .. words.Skip(1)]);

        // Flags may stand before the command's own word: it is looked for first, so that a flag two commands share means the right one.
        Option? FindOption(string name)
        {
            command ??= arguments.Select(argument => Find(root, argument)).FirstOrDefault(found => found is not null);
            return (command is null ? null : GoFlags.Find(command, name)) ?? GoFlags.Find(root, name);
        }
    }

    /// <summary>A whole name, or the beginning of one name only, as cobra takes it.</summary>
    private static Command? Find(Command root, string name)
    {
        if (root.Subcommands.FirstOrDefault(command => command.Name == name) is { } exact)
        {
            return exact;
        }

        Command[] beginnings = [.. root.Subcommands.Where(command => !command.Hidden && name.Length > 0 && command.Name.StartsWith(name, StringComparison.Ordinal))];
        return beginnings.Length == 1 ? beginnings[0] : null;
    }

    /// <summary>
    /// <c>ssh MACHINE uptime -p</c>: behind the machine everything belongs to the command there. The end of our flags is put in, unless it stands there.
    /// </summary>
    private static List<string> BeforeForeignCommand(Command root, IReadOnlyList<string> arguments)
    {
        List<string> all = [.. arguments];
        int at = 0;
        for (bool hasCommand = false; at < all.Count && all[at] != "--"; at++)
        {
            if (all[at].StartsWith('-'))
            {
                string name = all[at].TrimStart('-');
                var command = Find(root, "ssh");
                var option = GoFlags.Find(root, name) ?? (command is null ? null : GoFlags.Find(command, name));
                at += option is not null && !GoFlags.IsBoolean(option) ? 1 : 0;
            }
            else if (!hasCommand)
            {
                if (Find(root, all[at])?.Name != "ssh")
                {
                    return all;
                }

                hasCommand = true;
            }
            else
            {
                bool isNamedByFlag = all.Take(at).Any(word => word.TrimStart('-').Split('=')[0] is "machine" or "unit" or "m" or "u" && word.StartsWith('-'));
                all.Insert(isNamedByFlag ? at : at + 1, "--");
                return all;
            }
        }

        return all;
    }

    private CommandLineReading.Answered Refuse(AppletContext context, string message)
    {
        context.Error.WriteLine($"Error: {message}");
        context.Error.WriteLine($"Run '{program} --help' for usage.");
        return new CommandLineReading.Answered(ExitCode.Usage);
    }

    private static IEnumerable<string> Words(GoFlagValue flag) => flag.Value.Length > 0 ? [flag.Canonical] : [flag.Option.Name, ""];

    private string TopHelp(Command root)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"NAME:\n\t{program} - {root.Description}\n\nUSAGE:\n\t{program}\n\nVERSION:\n\t{version}\n\nCOMMANDS:\n");
        foreach (var command in root.Subcommands.Where(command => !command.Hidden).OrderBy(command => command.Name, StringComparer.Ordinal))
        {
            // Go's tabwriter with cells of eight: names of up to seven letters need a second tab.
            text.Append(CultureInfo.InvariantCulture, $"\t{command.Name}{new string('\t', command.Name.Length < 8 ? 2 : 1)}{command.Description}\n");
        }

        return text.Append("\nOPTIONS:\n").Append(Options(root)).Append('\n').ToString();
    }

    private string CommandHelp(Command root, Command command)
    {
        var text = new StringBuilder();
        string arguments = string.Concat(command.Arguments.Select(argument => $" {argument.Name}"));
        text.Append(CultureInfo.InvariantCulture, $"NAME:\n\t{command.Name} - {command.Description}\n\nUSAGE:\n\t{program} {command.Name}{arguments}\n");
        string own = Options(command);
        if (own.Length > 0)
        {
            text.Append("\nOPTIONS:\n").Append(own);
        }

        return text.Append("\nGLOBAL OPTIONS:\n").Append(Options(root)).Append('\n').ToString();
    }

    /// <summary>pflag's table: names and types padded to the longest, the default in parentheses.</summary>
    private static string Options(Command command)
    {
        var rows = command.Options.Where(option => !option.Hidden && option.Name is not ("--help" or "-?")).OrderBy(option => option.Name, StringComparer.Ordinal)
            .Select(option => (Left: $"      {option.Name}{TypeOf(option)}", Right: option.Description + DefaultOf(option))).ToArray();
        int width = rows.Select(row => row.Left.Length).DefaultIfEmpty().Max();
        return string.Concat(rows.Select(row => $"{row.Left.PadRight(width)}   {row.Right}\n"));
    }

    private static string TypeOf(Option option) =>
        GoFlags.IsBoolean(option) ? "" : option.ValueType == typeof(int) ? " int" : option.ValueType == typeof(double) ? " float" : " string";

    private static string DefaultOf(Option option) => !option.HasDefaultValue ? "" : option.GetDefaultValue() switch
    {
        string { Length: > 0 } text => $" (default {GoQuote.Quote(text)})",
        int number and not 0 => string.Create(CultureInfo.InvariantCulture, $" (default {number})"),
        double number and not 0 => string.Create(CultureInfo.InvariantCulture, $" (default {number})"),
        true => " (default true)",
        _ => "",
    };
}
