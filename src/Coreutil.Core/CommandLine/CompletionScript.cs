using System.CommandLine;
using System.CommandLine.Help;

namespace Coreutil.Core.CommandLine;

/// <summary>Completion of commands and options, written from the same symbols as the help. Values are left to the shell (files).</summary>
public static class CompletionScript
{
    /// <summary>The script for bash, zsh or fish; null for any other shell.</summary>
    public static string? For(string shell, string program, Command root) => shell switch
    {
        "bash" => Bash(program, root),
        // zsh reads bash's functions; a length that begins with a letter would be a modifier to it.
        "zsh" => $"#compdef {program}\nautoload -U +X bashcompinit && bashcompinit\n{Bash(program, root)}",
        "fish" => Fish(program, root),
        _ => null,
    };

    private static string Bash(string program, Command root)
    {
        var places = Places(root).ToArray();
        string known = string.Join('|', places.Where(place => place.Path.Length > 0).Select(place => $"'{place.Path}'"));
        string words = string.Concat(places.Select(place => $"    '{place.Path}') words='{string.Join(' ', place.Words)}' ;;\n"));
        return
            $$"""
            _{{program}}() {
              local word words place='' last="${COMP_WORDS[COMP_CWORD]}"
              for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
                case "${place:+$place }$word" in
                {{known}}) place="${place:+$place }$word" ;;
                esac
              done
              case "$place" in
            {{words}}  esac
              COMPREPLY=($(compgen -W "$words" -- "$last"))
            }
            complete -o default -F _{{program}} {{program}}

            """;
    }

    private static string Fish(string program, Command root)
    {
        var lines = new List<string>();
        foreach (var command in root.Subcommands)
        {
            lines.Add($"complete -c {program} -n __fish_use_subcommand -f -a {command.Name} -d '{Quoted(command)}'");
            lines.AddRange(command.Subcommands.Select(
                child => $"complete -c {program} -n '__fish_seen_subcommand_from {command.Name}' -f -a {child.Name} -d '{Quoted(child)}'"));
            lines.AddRange(OptionsOf(command).Select(option => FishOption(program, $"-n '__fish_seen_subcommand_from {command.Name}' ", option)));
            lines.AddRange(command.Subcommands.SelectMany(child => OptionsOf(child).Select(
                option => FishOption(program, $"-n '__fish_seen_subcommand_from {command.Name}; and __fish_seen_subcommand_from {child.Name}' ", option))));
        }

        lines.AddRange(OptionsOf(root).Select(option => FishOption(program, "-n __fish_use_subcommand ", option)));
        return string.Concat(lines.Select(line => line + "\n"));
    }

    private static string FishOption(string program, string condition, Option option)
    {
        string names = string.Join(' ', GoFlags.Names(option).Select(name => name.Length == 1 ? $"-s {name}" : $"-l {name}"));
        return $"complete -c {program} {condition}{names}{(GoFlags.IsBoolean(option) ? "" : " -r")} -d '{Quoted(option)}'";
    }

    /// <summary>Every command by the words that lead to it, and what may follow.</summary>
    private static IEnumerable<(string Path, IEnumerable<string> Words)> Places(Command command, string path = "") =>
        command.Subcommands.SelectMany(child => Places(child, path.Length == 0 ? child.Name : $"{path} {child.Name}"))
            .Prepend((path, command.Subcommands.Select(child => child.Name).Concat(OptionsOf(command).Select(option => option.Name))));

    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Where(option => option is not (HelpOption or VersionOption));

    private static string Quoted(Symbol symbol) => (symbol.Description ?? "").Split('\n')[0].Replace("'", "\\'", StringComparison.Ordinal);
}
