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

    public CommandLineReading Show(ImmutableArray<Command> path)
    {
        context.Out.Write(path switch
        {
            [var root] => ProgramText(root),
            [.., { Subcommands.Count: > 0 } group] => GroupText(NameOf(path), group),
            _ => CommandText(NameOf(path), path[^1]),
        });
        return new CommandLineReading.Answered(ExitCode.Success);
    }

    /// <summary>The original shows a command by the path it was called by, but groups and what is below them by the program's name.</summary>
    private string NameOf(ImmutableArray<Command> path)
    {
        bool isOfGroup = path.Any(command => command is not RootCommand && command.Subcommands.Count > 0);
        return string.Join(' ', path.Skip(1).Select(command => command.Name).Prepend(isOfGroup ? programName : context.InvokedAs));
    }

    private string ProgramText(Command root) =>
        $"""
        NAME:
           {programName} - {root.Description}

        USAGE:
           {context.InvokedAs} [global options] command [command options] [arguments...]
        {Indent}
        VERSION:
           {version}
        {Indent}
        COMMANDS:
        {Commands(root)}{Indent}
        GLOBAL OPTIONS:
        {ColumnWriter.Format([.. Options(root), _helpRow, _versionRow])}{Indent}

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
               {name} {(options.IsEmpty ? "" : "[command options] ")}{command.Arguments.FirstOrDefault()?.HelpName}
            {more}{table}
            """;
    }

    private static string Commands(Command parent) => ColumnWriter.Format(
        [.. parent.Subcommands.Where(command => !command.Hidden).Select(command => (string[])[Indent + command.Name, FirstLine(command.Description)]), _helpCommandRow]);

    private static ImmutableArray<string[]> Options(Command command) =>
        [.. command.Options.Where(option => !option.Hidden && option is not (HelpOption or VersionOption)).Select(option => (string[])[Indent + Label(option), option.Description ?? ""])];

    /// <summary>Names, then the default; a flag with a value but no default leaves a blank.</summary>
    private static string Label(Option option)
    {
        string names = string.Join(", ", option.Aliases.Prepend(option.Name));
        return GoFlags.IsBoolean(option) ? names : $"{names} {(string.IsNullOrEmpty(option.HelpName) ? "" : $"\"{option.HelpName}\"")}";
    }

    private CommandLineReading.Answered Refuse(string reason)
    {
        context.Error.WriteLine($"{programName}: {reason}");
        return new CommandLineReading.Answered(ExitCode.Failure);
    }

    private static string FirstLine(string? text) => (text ?? "").Split('\n')[0];
}
