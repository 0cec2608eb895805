using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Containers;

/// <summary>Which container a unit runs, read off its commands: docker's client called as it is, through env or sudo, or from a shell.</summary>
public static partial class UnitContainer
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
            .Select(command => ContainerOf([command.Path, .. command.IsLiteral ? command.Words.Skip(1) : Fill(command.Words.Skip(1), environment)], environment))
            .FirstOrDefault(name => name is not null);
    }

    /// <summary>A word with a variable from elsewhere (EnvironmentFile=) stays as it is written: a dollar is in no name of Docker's.</summary>
    private static IEnumerable<string> Fill(IEnumerable<string> words, Dictionary<string, string> environment) => words.SelectMany(word =>
        Variable().Matches(word).All(variable => environment.ContainsKey(variable.Groups["name"].Value)) ? ExecLine.Substitute([word], environment) : [word]);

    private static string? ContainerOf(ImmutableArray<string> words, Dictionary<string, string> environment)
    {
        // Behind env and sudo their flags.
        words = [.. words.SkipWhile((word, index) => IsBeforeCommand(word) || (index > 0 && word.StartsWith('-')))];
        if (words.IsEmpty)
        {
            return null;
        }

        return Path.GetFileName(words[0]) switch
        {
            "docker" => DockerCommand.ContainerOf(words.AsSpan()[1..]),
            "sh" or "bash" or "dash" or "ash" => ScriptOf(words) is { } script
                ? ShellScript.Commands(script).Select(command => ContainerOf([.. Fill(command, environment)], environment)).FirstOrDefault(name => name is not null)
                : null,
            _ => null,
        };
    }

    /// <summary>What may stand before a command's own name, in a shell or without one.</summary>
    private static bool IsBeforeCommand(string word) =>
        Path.GetFileName(word) is "env" or "sudo" or "exec" or "nohup" or "if" or "then" or "else" or "while" or "until" or "do" or "!" or "{" or "time"
        || (word.IndexOf('=', StringComparison.Ordinal) is var equals and > 0 && !word.AsSpan(0, equals).ContainsAny("/.-"));

    /// <summary>The word behind the flags with -c among them: -c, -ec, -l -c, -o pipefail -c.</summary>
    private static string? ScriptOf(ImmutableArray<string> words)
    {
        bool isScript = false;
        int i = 1;
        for (; i < words.Length && words[i] is ['-', _, ..] flag; i++)
        {
            bool isBundle = flag[1] != '-';
            isScript |= isBundle && flag.Contains('c', StringComparison.Ordinal);
            i += isBundle && flag.EndsWith('o') ? 1 : 0;
        }

        return isScript ? words.ElementAtOrDefault(i) : null;
    }

    [GeneratedRegex(@"\$\{(?<name>[^}]*)\}|^\$(?<name>[A-Za-z_][A-Za-z0-9_]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Variable();
}
