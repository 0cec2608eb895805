using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests.Units;

/// <summary>
/// What two runs of a command have in common: times, process numbers, directories and names of the programs are taken out, and lists that systemd keeps in no
/// order are sorted. Of <c>show</c> those properties are compared that unitd has; each of them systemd must have too, with that value.
/// </summary>
internal static partial class CommandComparison
{
    /// <summary>Dependencies that systemd adds to every unit; under unitd the host is up when it starts.</summary>
    private static readonly ImmutableHashSet<string> _implied =
    [
        "sysinit.target", "basic.target", "shutdown.target", "umount.target", "local-fs.target", "local-fs-pre.target", "swap.target", "time-set.target", "time-sync.target", "timers.target",
        "sockets.target", "paths.target", "slices.target", "system.slice", "-.mount", "systemd-journald.socket", "multi-user.target", @"system-z\x2dtpl.slice",
    ];

    private static readonly ImmutableHashSet<string> _dependencies =
    [
        "Requires", "Requisite", "Wants", "BindsTo", "PartOf", "RequiredBy", "RequisiteOf", "WantedBy", "BoundBy", "ConsistsOf", "Conflicts", "ConflictedBy", "Before", "After",
        "OnSuccess", "OnSuccessOf", "OnFailure", "OnFailureOf", "Triggers", "TriggeredBy", "RequiresMountsFor",
    ];

    private static readonly (Regex Pattern, string Replacement)[] _changes =
    [
        (Paths(), "UNITS"), (Links(), "LINKS"), (Sockets(), "${1}N"),
        (JournalHint(), "JOURNAL"), (LogHint(), "See LOGS and"), (Program(), "systemctl"),
        (Timestamp(), "TIME"), (Distance(), "SPAN $1"), (Duration(), "Duration: SPAN"), (NextElapse(), "next_elapse=SPAN }"), (MonotonicSpan(), "$1=SPAN"), (MonotonicTime(), "Monotonic=N"),
        (Pid(), "${1}N"), (Invocation(), "InvocationID=ID"), (ControlGroup(), "$1/"),
        // unitd has no presets.
        (PresetNote(), ")"), (PresetColumn(), "$1-"),
        // Why a unit may have no [Install] section is told at length.
        (InstallAdvice(), ""),
    ];

    public static (string Systemd, string Unitd) Compare(CommandLine command, Outcome systemd, Outcome unitd)
    {
        var (one, other) = (Plain(systemd.Output), Plain(unitd.Output));
        if (command.Text.StartsWith("show", StringComparison.Ordinal))
        {
            var known = other.Split('\n').Select(NameOf).ToImmutableHashSet();
            (one, other) = (Properties(one, known), Properties(other, known));
        }

        return (Whole(systemd, one), Whole(unitd, other));

        static string Whole(Outcome outcome, string output) => $"{output}--- error\n{Plain(outcome.Error)}--- exit code {outcome.ExitCode}\n";
    }

    private static string Plain(string text)
    {
        string plain = _changes.Aggregate(text, (changed, change) => change.Pattern.Replace(changed, change.Replacement));
        return Triggering().Replace(plain, list => string.Concat(list.Value.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Replace("TriggeredBy:", "            ", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(line => $"{line}\n")));
    }

    /// <summary>Several units in an order that systemd does not promise either.</summary>
    private static string Properties(string text, ImmutableHashSet<string> known) => string.Join("\n\n", text.TrimEnd('\n').Split("\n\n").Select(unit => string.Join('\n', unit.Split('\n')
        .Where(line => known.Contains(NameOf(line)))
        .Select(line => _dependencies.Contains(NameOf(line)) ? Sorted(line) : line)
        .Where(line => line.Length > 0 && !(_dependencies.Contains(line.TrimEnd('=')) && line.EndsWith('='))))).Order(StringComparer.Ordinal)) + "\n";

    private static string Sorted(string line) =>
        $"{NameOf(line)}={string.Join(' ', line[(NameOf(line).Length + 1)..].Split(' ').Where(word => !_implied.Contains(word)).Order(StringComparer.Ordinal))}";

    private static string NameOf(string line) => line.Split('=')[0];

    [GeneratedRegex("/usr/local/lib/systemd/system|/t/unitd/units")]
    private static partial Regex Paths();

    [GeneratedRegex("/etc/systemd/system|/run/unitd/enabled")]
    private static partial Regex Links();

    [GeneratedRegex("(127.0.0.1:471|/run/z-)[12]")]
    private static partial Regex Sockets();

    [GeneratedRegex("""["'](journalctl -xe(u \S+)?|unitctl journal \S+)["']""")]
    private static partial Regex JournalHint();

    [GeneratedRegex("See (system logs|unitd's log) and")]
    private static partial Regex LogHint();

    [GeneratedRegex("unitctl")]
    private static partial Regex Program();

    [GeneratedRegex(@"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")]
    private static partial Regex Timestamp();

    [GeneratedRegex(@"(?:\d+(?:month|min|ms|us|h|s|d) |\d+ (?:day|week|month)s? )+(ago|left)")]
    private static partial Regex Distance();

    [GeneratedRegex(@"Duration: \S.*")]
    private static partial Regex Duration();

    [GeneratedRegex(@"next_elapse=(?!TIME)[^}]*[1-9][^}]* \}")]
    private static partial Regex NextElapse();

    [GeneratedRegex(@"(NextElapseUSecMonotonic|LastTriggerUSecMonotonic)=(?!infinity).*[1-9].*")]
    private static partial Regex MonotonicSpan();

    [GeneratedRegex(@"(?<=Timestamp)Monotonic=[1-9]\d*")]
    private static partial Regex MonotonicTime();

    [GeneratedRegex(@"(PID: |Process: |[├└]─|PID=|pid=)[1-9]\d*")]
    private static partial Regex Pid();

    [GeneratedRegex(@"InvocationID=\w+")]
    private static partial Regex Invocation();

    [GeneratedRegex(@"(CGroup: |ControlGroup=)/\S+/")]
    private static partial Regex ControlGroup();

    [GeneratedRegex(@"; preset: \w+\)")]
    private static partial Regex PresetNote();

    [GeneratedRegex(@"^(\S+ +(?:enabled|disabled|static|masked|indirect) +)(?:enabled|disabled)$", RegexOptions.Multiline)]
    private static partial Regex PresetColumn();

    [GeneratedRegex(@" \nPossible reasons(.*\n)+")]
    private static partial Regex InstallAdvice();

    [GeneratedRegex(@"(TriggeredBy: .*\n( {13}● .*\n)*)|(?<=activated by:\n)(  z-.*\n)+")]
    private static partial Regex Triggering();
}
