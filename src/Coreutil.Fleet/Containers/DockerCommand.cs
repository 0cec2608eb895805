using System.Collections.Frozen;

namespace Coreutil.Fleet.Containers;

/// <summary>
/// Reads a command line of docker's client as far as needed to know which container it runs: <c>run</c> and <c>create</c> by their <c>--name</c>,
/// <c>start</c> by its argument. The flags are read as the client's library (pflag) reads them.
/// </summary>
internal static class DockerCommand
{
    // Every other flag takes a value: a list of these needs no care when Docker grows a new option with one.
    private static readonly FrozenSet<string> _globalSwitches = FrozenSet.Create(StringComparer.Ordinal, "debug", "tls", "tlsverify", "version", "help");
    private static readonly FrozenSet<string> _runSwitches = FrozenSet.Create(
        StringComparer.Ordinal,
        "detach", "disable-content-trust", "help", "init", "interactive", "no-healthcheck", "oom-kill-disable", "privileged", "publish-all", "quiet", "read-only", "rm",
        "sig-proxy", "tty", "use-api-socket");

    private static readonly FrozenSet<string> _startSwitches = FrozenSet.Create(StringComparer.Ordinal, "attach", "interactive", "help");

    /// <param name="words">The client's arguments, without its own name.</param>
    /// <returns>The container's name; null where the command runs none, or one that Docker names by chance.</returns>
    public static string? ContainerOf(ReadOnlySpan<string> words)
    {
        words = SkipFlags(words, _globalSwitches, "Dv", out _);
        if (words is ["container", ..])
        {
            words = SkipFlags(words[1..], _globalSwitches, "", out _);
        }

        switch (words)
        {
            case ["run" or "create", .. var rest]:
                SkipFlags(rest, _runSwitches, "ditPq", out string? name);
                return IsName(name) ? name : null;
            case ["start", .. var rest]:
                return SkipFlags(rest, _startSwitches, "ai", out _) is [var container, ..] && IsName(container) ? container : null;
            default:
                return null;
        }
    }

    /// <summary>Goes on to the first word that is no flag; <paramref name="name"/> is the last value of <c>--name</c>, which counts.</summary>
    private static ReadOnlySpan<string> SkipFlags(ReadOnlySpan<string> words, FrozenSet<string> switches, string shortSwitches, out string? name)
    {
        name = null;
        while (words is [['-', _, ..] or ['$', not '{', ..], ..])
        {
            string flag = words[0];
            words = words[1..];
            if (flag == "--")
            {
                break;
            }

            // A variable from elsewhere, as a word of its own, may bring any number of flags.
            if (flag[0] == '$')
            {
                continue;
            }

            if (!flag.StartsWith("--", StringComparison.Ordinal))
            {
                // -dp 80:80 and -p80:80: the first letter that is no switch takes what follows it, else the next word.
                int valued = flag.AsSpan(1).IndexOfAnyExcept(shortSwitches);
                words = valued >= 0 && valued == flag.Length - 2 ? Rest(words) : words;
                continue;
            }

            int equals = flag.IndexOf('=', StringComparison.Ordinal);
            string option = equals < 0 ? flag[2..] : flag[2..equals];
            if (equals < 0 && switches.Contains(option))
            {
                continue;
            }

            name = option == "name" ? equals < 0 ? words is [var value, ..] ? value : null : flag[(equals + 1)..] : name;
            words = equals < 0 ? Rest(words) : words;
        }

        return words;
    }

    private static ReadOnlySpan<string> Rest(ReadOnlySpan<string> words) => words.IsEmpty ? words : words[1..];

    /// <summary>Docker's own rule; it also keeps out what a shell or an unknown variable would have filled in.</summary>
    private static bool IsName(string? name) => name is [var first, _, ..] && char.IsAsciiLetterOrDigit(first)
        && !name.AsSpan().ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
}
