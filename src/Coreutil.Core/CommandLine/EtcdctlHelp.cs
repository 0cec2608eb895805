using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Help;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>The help texts of <see cref="EtcdctlStyle"/>: one form for the program, one for a group of commands, one for a command.</summary>
internal sealed class EtcdctlHelp(string programName, string version, AppletContext context, bool isStrict)
{
    private const string Indent = "   ";
    private static readonly string[] _helpRow = [Indent + "--help, -h", "show help"];
    private static readonly string[] _versionRow = [Indent + "--version, -v", "print the version"];
    private static readonly string[] _helpCommandRow = [Indent + "help, h", "Shows a list of commands or help for one command"];

    /// <summary>A usage error as the original answers it: help on stdout and success; or, when strict, one line on stderr and a failure.</summary>
    public CommandLineReading IncorrectUsage(ImmutableArray<Command> path, string reason)
    {
        if (isStrict)
        {
            return Refuse(reason);
        }

        context.Out.Write("Incorrect Usage.\n\n");
        return Show(path);
    }

    public CommandLineReading NoTopic(string topic)
    {
        if (isStrict)
        {
            return Refuse($"unknown command '{topic}'");
        }

        context.Out.WriteLine($"No help topic for '{topic}'");
        return new CommandLineReading.Answered(ExitCode.Success);
    }

    public CommandLineReading Show(ImmutableArray<Command> path) => path switch
    {
        [_] => ShowProgram(path),
        [.., { Subcommands.Count: > 0 } group] => Say(GroupText(Join(programName, path), group)),
        _ => ShowCommand(path),
    };

    /// <summary>What the help command shows without a topic: a group, too, in the form of the program.</summary>
    public CommandLineReading ShowProgram(ImmutableArray<Command> path) => Say(path switch
    {
        [var root] => ProgramText(programName, context.InvokedAs, root, [.. Options(root), _helpRow, _versionRow]),
        _ => ProgramText(Join(programName, path), Join(programName, path), path[^1], [.. Options(path[^1]), _helpRow]),
    });

    /// <summary>
    /// A topic of the help command, and every command asked by <c>--help</c>: by the path it was called by, but below a group by the program's name.
    /// </summary>
    public CommandLineReading ShowCommand(ImmutableArray<Command> path) => Say(CommandText(Join(path.Length > 2 ? programName : context.InvokedAs, path), path[^1]));

    /// <summary>The help command itself; the original forgets its name where it is not below a group.</summary>
    public CommandLineReading ShowHelpCommand(ImmutableArray<Command> path) => Say(HelpCommandText(path));

    public CommandLineReading IncorrectHelp(ImmutableArray<Command> path, string reason) =>
        isStrict ? Refuse(reason) : Say("Incorrect Usage.\n\n" + HelpCommandText(path));

    private string HelpCommandText(ImmutableArray<Command> path) =>
        CommandText(path.Length > 1 ? Join(programName, path) + " help" : "", new Command("help", _helpCommandRow[1]) { new Argument<string>("command") { HelpName = "[command]" } });

    private CommandLineReading.Answered Say(string text)
    {
        context.Out.Write(text);
        return new CommandLineReading.Answered(ExitCode.Success);
    }

    private static string Join(string program, ImmutableArray<Command> path) => string.Join(' ', path.Skip(1).Select(command => command.Name).Prepend(program));

    private string ProgramText(string name, string calledAs, Command program, ImmutableArray<string[]> options) =>
        $"""
        NAME:
           {name} - {program.Description}

        USAGE:
           {calledAs} [global options] command [command options] [arguments...]
        {Indent}
        VERSION:
           {version}
        {Indent}
        COMMANDS:
        {Commands(program)}{Indent}
        GLOBAL OPTIONS:
        {ColumnWriter.Format(options)}{Indent}

        """;

    private static string GroupText(string name, Command group) =>
        $"""
        NAME:
           {name} - {group.Description}

        USAGE:
           {name} command [command options] [arguments...]

        COMMANDS:
        {Commands(group)}{Indent}
        OPTIONS:
        {ColumnWriter.Format([.. Options(group), _helpRow])}{Indent}

        """;

    private static string CommandText(string name, Command command)
    {
        string[] description = (command.Description ?? "").Split('\n');
        var options = Options(command);
        string more = description.Length == 1 ? "" : "\nDESCRIPTION:\n" + string.Concat(description.Skip(1).Select(line => line.Length == 0 ? "\n" : $"{Indent}{line}\n"));
        string table = options.IsEmpty ? "" : $"\nOPTIONS:\n{ColumnWriter.Format([.. options])}{Indent}\n";
        return
            $"""
            NAME:
               {name} - {description[0]}

            USAGE:
               {name} {(options.IsEmpty ? "" : "[command options] ")}{command.Arguments.FirstOrDefault()?.HelpName ?? "[arguments...]"}
            {more}{table}
            """;
    }

    private static string Commands(Command parent) => ColumnWriter.Format(
        [.. parent.Subcommands.Where(command => !command.Hidden).Select(command => (string[])[Indent + command.Name, FirstLine(command.Description)]), _helpCommandRow]);

    private static ImmutableArray<string[]> Options(Command command) =>
        [.. command.Options.Where(option => !option.Hidden && option is not (HelpOption or VersionOption)).Select(option => (string[])[Indent + Label(option), option.Description ?? ""])];

    /// <summary>Names, then the default; a flag with a value but no default leaves a blank. A name of one letter has one dash.</summary>
    private static string Label(Option option)
    {
        var names = GoFlags.Names(option).Select(name => (name.Length == 1 ? "-" : "--") + name).ToArray();
        string all = string.Join(", ", names);
        return option.ValueType switch
        {
            var type when type == typeof(bool) => all,
            { IsArray: true } => $"{all} [{names[0]} option {names[0]} option]",
            _ => $"{all} {(string.IsNullOrEmpty(option.HelpName) ? "" : $"\"{option.HelpName}\"")}",
        };
    }

    private CommandLineReading.Answered Refuse(string reason)
    {
        context.Error.WriteLine($"{programName}: {reason}");
        return new CommandLineReading.Answered(ExitCode.Failure);
    }

    private static string FirstLine(string? text) => (text ?? "").Split('\n')[0];
}
