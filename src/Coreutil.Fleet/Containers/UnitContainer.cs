using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Containers;

/// <summary>Which container a unit runs, read off its commands: docker's client called as it is, through env or sudo, or from a shell.</summary>
public static class UnitContainer
{
    private const string Section = "Service";

    // A detached `docker run` may stand before or behind the main command, which then only waits.
    private static readonly ImmutableArray<string> _options = ["ExecStart", "ExecStartPre", "ExecStartPost"];

    /// <param name="unit">The unit's name.</param>
    /// <param name="file">Its text.</param>
    /// <param name="specifiers">What its percent signs stand for.</param>
    /// <returns>Null where it runs no container, or one whose name cannot be known from here.</returns>
    public static string? NameOf(string unit, UnitFile file, SpecifierContext specifiers)
    {
        var commands = _options.SelectMany(option => file.ListValues(Section, option)).ToImmutableArray();
        if (!commands.Any(command => command.Contains("docker", StringComparison.Ordinal)))
        {
            return null;
        }

        string Expand(string text) => Specifiers.Expand(text, unit, specifiers);
        var environment = file.ListValues(Section, "Environment").SelectMany(value => EnvironmentText.ParseAssignments(value, Expand))
            .GroupBy(variable => variable.Key, StringComparer.Ordinal)
            .ToDictionary(variable => variable.Key, variable => variable.Last().Value, StringComparer.Ordinal);
        return commands.Select(command => ExecLine.Parse(command, Expand)).OfType<ExecLineResult.Parsed>()
            .SelectMany(line => line.Commands)
            .Select(command => ContainerOf([command.Path, .. command.Words.Skip(1).SelectMany(word => Substitute(word, command, environment))]))
            .FirstOrDefault(name => name is not null);
    }

    /// <summary>A variable from elsewhere (EnvironmentFile=) stays as it is written: a name that holds it is not known, and is none of Docker's.</summary>
    private static ImmutableArray<string> Substitute(string word, ExecCommandLine command, Dictionary<string, string> environment)
    {
        int start = word.IndexOf("${", StringComparison.Ordinal);
        int end = start < 0 ? -1 : word.IndexOf('}', start);
        bool isUnknown = end > start && !environment.ContainsKey(word[(start + 2)..end]);
        return command.IsLiteral || isUnknown ? [word] : ExecLine.Substitute([word], environment);
    }

    private static string? ContainerOf(ImmutableArray<string> words)
    {
        words = [.. words.SkipWhile(IsBeforeCommand)];
        if (words.IsEmpty)
        {
            return null;
        }

        return Path.GetFileName(words[0]) switch
        {
            "docker" => DockerCommand.ContainerOf(words.AsSpan()[1..]),
            "sh" or "bash" or "dash" or "ash" => ScriptOf(words) is { } script
                ? ShellScript.Commands(script).Select(ContainerOf).FirstOrDefault(name => name is not null)
                : null,
            _ => null,
        };
    }

    /// <summary>What may stand before a command's own name, in a shell or without one.</summary>
    private static bool IsBeforeCommand(string word) =>
        Path.GetFileName(word) is "env" or "sudo" or "exec" or "nohup" or "if" or "then" or "else" or "while" or "until" or "do" or "!" or "{" or "time"
        || (word.IndexOf('=', StringComparison.Ordinal) is var equals and > 0 && !word.AsSpan(0, equals).ContainsAny("/.-"));

    /// <summary>The word behind the flags with -c among them: -c, -ec, -l -c.</summary>
    private static string? ScriptOf(ImmutableArray<string> words)
    {
        int flags = words.Skip(1).TakeWhile(word => word is ['-', _, ..]).Count();
        return words.Skip(1).Take(flags).Any(flag => flag[1] != '-' && flag.Contains('c', StringComparison.Ordinal)) ? words.ElementAtOrDefault(flags + 1) : null;
    }
}
