using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests.Units;

/// <summary>What one manager made of a scenario: the operator's view, the services' own traces, and each unit's states and what was logged of it in their order.</summary>
internal sealed record Observation(string Result, string Trace, string States, string Journal)
{
    /// <summary>Something waited for did not come: no outcome but a machine too busy, or a rule that is wrong.</summary>
    public bool IsTimedOut => Result.Contains("TIMED OUT", StringComparison.Ordinal);

    public override string ToString() => $"{Result}trace:\n{Trace}states:\n{States}journal:\n{Journal}";
}

/// <summary>All scenarios under real systemd and under unitd, side by side in one host; done once for all tests that look at it.</summary>
public sealed class DifferentialRun : IAsyncLifetime
{
    private static readonly int _parallel = int.Parse(Environment.GetEnvironmentVariable("COREUTIL_PARALLEL") ?? "8", CultureInfo.InvariantCulture);

    /// <summary>More that differ are no chance.</summary>
    private const int MostDoubtful = 20;

    /// <summary>How often a scenario that differs is run once more.</summary>
    private const int MostRepeats = 3;

    /// <summary>Seconds, on a machine with another load on it.</summary>
    private const int LongestScenario = 120;

    private readonly TemporaryDirectory _directory = new();
    private int _hosts;
    private readonly Dictionary<(string Manager, string Scenario), List<Observation>> _observations = [];

    /// <summary>All of them, or those whose name COREUTIL_SCENARIOS matches where somebody looks into some.</summary>
    internal static ImmutableArray<Scenario> Scenarios { get; } =
    [
        .. Scenario.ReadAll(Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Units", "Scenarios")).Concat(RandomScenarios.Create())
            .Where(scenario => Regex.IsMatch(scenario.Name, $"^({Environment.GetEnvironmentVariable("COREUTIL_SCENARIOS") ?? ".*"})$")),
    ];

    /// <summary>
    /// What both managers did, or the last that each did where they never did the same. Some orders are chance under systemd itself (two stop jobs of one
    /// command: whether the second comes before the first runs), so that one run of each cannot tell a rule from luck.
    /// </summary>
    internal (Observation Systemd, Observation Unitd) Of(string scenario)
    {
        var (systemd, unitd) = (_observations[("systemd", scenario)], _observations[("unitd", scenario)]);
        return systemd.Find(observation => !observation.IsTimedOut && unitd.Contains(observation)) is { } common ? (common, common) : (systemd[^1], unitd[^1]);
    }

    public async ValueTask InitializeAsync()
    {
        if (NspawnHost.IsPossible)
        {
            await RunAllAsync(Scenarios, _parallel);

            // What another load on the machine moved before or behind a moment is no difference; a rule that differs does so again when nothing else runs.
            for (int repeat = 0; repeat < MostRepeats; repeat++)
            {
                ImmutableArray<Scenario> doubtful = [.. Scenarios.Where(scenario => scenario.Difference is null && Of(scenario.Name) is var (systemd, unitd) && (systemd != unitd || systemd.IsTimedOut))];
                if (doubtful.Length is 0 or > MostDoubtful)
                {
                    return;
                }

                await RunAllAsync(doubtful, parallel: 1);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task RunAllAsync(ImmutableArray<Scenario> scenarios, int parallel)
    {
        await using var host = await NspawnHost.StartAsync(_directory[$"host-{_hosts++}"], upper => Task.Run(() => Prepare(upper, scenarios)), binds: [.. scenarios.Select(scenario => scenario.Needed).OfType<string>().Distinct().Where(Path.Exists).Select(path => $"{path}:{path}")]);

        // systemd sends signals to a bus only while somebody on it has subscribed: systemctl --wait has.
        await host.StartInsideAsync("systemctl --wait start keeper.service");
        await host.StartInsideAsync(
            "busctl monitor --json=short --match=\"type='signal',interface='org.freedesktop.DBus.Properties',path_namespace='/org/freedesktop/systemd1/unit'\" >/t/systemd/states"
                .Replace("'", "'\\''", StringComparison.Ordinal));
        await host.StartInsideAsync("unshare --mount --propagation private /t/bin/coreutil unitd --state-dir /run/unitd --unit-path /t/unitd/units 2>/t/unitd/log");
        await host.StartInsideAsync("until /t/bin/coreutil unitctl --state-dir /run/unitd monitor >/t/unitd/states; do sleep 0.1; done");
        await host.RunAsync("until [ -s /t/unitd/states ] && [ -s /t/systemd/states ]; do systemctl start bell.service; /t/bin/coreutil unitctl --state-dir /run/unitd start bell; sleep 0.2; done");
        string names = string.Join(' ', scenarios.Select(scenario => scenario.Name));
        await Task.WhenAll(((string[])["systemd", "unitd"]).Select(manager => host.RunAsync(
            $"printf '%s\\n' {names} | xargs -P {parallel} -n 1 timeout {LongestScenario} /t/bin/drive {manager}", TimeSpan.FromMinutes(9))));

        await host.RunAsync("journalctl --sync; journalctl --quiet --output json SYSLOG_IDENTIFIER=systemd >/t/systemd/journal; cp -r /run/unitd/journal /t/unitd/");

        var systemdStates = StatesOfSystemd(host.Inside("/t/systemd/states"));
        var unitdStates = StatesOfUnitd(host.Inside("/t/unitd/states"));
        var systemdJournal = JournalOfSystemd(host.Inside("/t/systemd/journal"));
        foreach (var scenario in scenarios)
        {
            Add(_observations, ("systemd", scenario.Name), Observe(host, "systemd", scenario, systemdStates, unit => systemdJournal.GetValueOrDefault(unit, [])));
            Add(_observations, ("unitd", scenario.Name), Observe(host, "unitd", scenario, unitdStates, unit => JournalOfUnitd(host.Inside($"/t/unitd/journal/{unit}"))));
        }

        // For whoever looks into a difference.
        string kept = Path.Combine(Published.Root, "out", "differential");
        Directory.CreateDirectory(kept);
        foreach (var ((manager, scenario), observations) in _observations)
        {
            File.WriteAllText(Path.Combine(kept, $"{scenario}.{manager}"), observations[^1].ToString());
        }

        foreach (var scenario in scenarios)
        {
            string units = string.Concat(scenario.Units.Select(unit => $"unit {unit.Name}\n{unit.Text}"));
            File.WriteAllText(Path.Combine(kept, $"{scenario.Name}.scenario"), $"{units}run\n{string.Join('\n', scenario.Steps)}\n");
        }

        File.Copy(host.Inside("/t/unitd/log"), Path.Combine(kept, "unitd.log"), overwrite: true);
        File.Copy(host.Inside("/t/systemd/journal"), Path.Combine(kept, "systemd.journal"), overwrite: true);
    }

    private static Observation Observe(NspawnHost host, string manager, Scenario scenario, Dictionary<string, List<string>> states, Func<string, IEnumerable<string>> journalOf)
    {
        string directory = host.Inside($"/t/{manager}/{scenario.Name}");
        string result = File.Exists($"{directory}/ended") ? File.ReadAllText($"{directory}/result") : "the scenario did not end\n";
        string[] units = [.. scenario.Units.Select(unit => unit.Name).Where(unit => !unit.Contains("@.", StringComparison.Ordinal) && !unit.Contains('/'))];
        string lines = string.Concat(units.Select(unit =>
            $"{unit}: {string.Join(' ', Distinct([.. states.GetValueOrDefault(scenario.FullName(unit), []).Where(state => state != scenario.BriefState)]))}\n"));
        string[] trace = File.Exists($"{directory}/trace") ? File.ReadAllLines($"{directory}/trace") : [];
        string journal = string.Concat(units.SelectMany(unit => WithoutChance(journalOf(scenario.FullName(unit))).Select(line => $"{unit}: {line}\n")));
        return new(Plain(result), Plain(string.Concat((scenario.HasNoOrder ? trace.Order(StringComparer.Ordinal) : trace.AsEnumerable()).Select(line => $"{line}\n"))), lines, Plain(journal));

        string Plain(string text) => text.Replace($"{scenario.Name}-", "", StringComparison.Ordinal).Replace($"/t/{manager}/", "/t/", StringComparison.Ordinal);
    }

    /// <summary>systemd says inactive/dead when it loads a unit; the way begins behind that.</summary>
    private static IEnumerable<string> Distinct(List<string> states) => states.Prepend("inactive/dead").Where((state, i) => i > 0 && state != (i == 1 ? "inactive/dead" : states[i - 2]));

    private static Dictionary<string, List<string>> StatesOfUnitd(string file)
    {
        var states = new Dictionary<string, List<string>>();
        foreach (string[] words in File.ReadLines(file).Select(line => line.Split(' ')).Where(words => words.Length == 4))
        {
            Add(states, words[0], $"{words[2]}/{words[3]}");
        }

        return states;
    }

    private static Dictionary<string, List<string>> StatesOfSystemd(string file)
    {
        var states = new Dictionary<string, List<string>>();
        foreach (string line in File.ReadLines(file).Where(line => line.Contains("ActiveState", StringComparison.Ordinal)))
        {
            using var signal = JsonDocument.Parse(line);
            string path = signal.RootElement.GetProperty("path").GetString()!;
            string unit = Regex.Replace(path[(path.LastIndexOf('/') + 1)..], "_([0-9a-f]{2})", match => ((char)Convert.ToByte(match.Groups[1].Value, 16)).ToString());
            var changed = signal.RootElement.GetProperty("payload").GetProperty("data")[1];
            if (changed.TryGetProperty("ActiveState", out var active) && changed.TryGetProperty("SubState", out var sub))
            {
                Add(states, unit, $"{active.GetProperty("data").GetString()}/{sub.GetProperty("data").GetString()}");
            }
        }

        return states;
    }

    /// <summary>What systemd itself logged of each unit: priority and text.</summary>
    private static Dictionary<string, List<string>> JournalOfSystemd(string file)
    {
        var lines = new Dictionary<string, List<string>>();
        foreach (string line in File.ReadLines(file))
        {
            using var entry = JsonDocument.Parse(line);
            if (entry.RootElement.TryGetProperty("UNIT", out var name) && entry.RootElement.GetProperty("MESSAGE").ToString() is var text && !IsAboutTheFile(text))
            {
                string unit = name.ToString();
                // Of a restart whose first half is over at once systemd says the two lines of that half in the wrong order.
                if (text.StartsWith("Stopping ", StringComparison.Ordinal) && lines.TryGetValue(unit, out var before) && Regex.IsMatch(before[^1], "^[0-9] (Stopped|Closed) "))
                {
                    continue;
                }

                Add(lines, unit, $"{entry.RootElement.GetProperty("PRIORITY").GetString()} {text}");
            }
        }

        return lines;
    }

    /// <summary>unitd says what is wrong with a file in <c>status</c> and <c>verify</c>; systemd logs it each time it reads the file.</summary>
    private static bool IsAboutTheFile(string text) => text.StartsWith("/etc/systemd/", StringComparison.Ordinal) || Regex.IsMatch(text, "(Refusing|unit will not be started)\\.$");

    /// <summary>It also names the environment file that is missing.</summary>
    private static IEnumerable<string> JournalOfUnitd(string file) => !File.Exists(file) ? [] : File.ReadLines(file)
        .Select(line => line.Split('\t', 6)).Where(fields => fields[4] == "unitd")
        .Select(fields => $"{fields[2]} {Regex.Replace(fields[5], "(?<=Failed to load environment files: .*) \\(/[^)]*\\)$", "")}");

    /// <summary>
    /// Numbers of processes are chance, and so is the order in which several of them end or are found; one that is dying is killed again where somebody looks
    /// before it is gone.
    /// </summary>
    private static IEnumerable<string> WithoutChance(IEnumerable<string> lines)
    {
        var killed = new HashSet<string>();
        var several = new List<string>();
        foreach (string line in lines.Where(line => !line.Contains(": Killing process ", StringComparison.Ordinal) || killed.Add(line)))
        {
            string plain = Regex.Replace(line, @"(?<=process |PID |triggered by )[0-9]+|(?<=propagation )\(.*\)", "N");
            if (Regex.IsMatch(plain, ": .*process (exited|N)"))
            {
                several.Add(plain);
                continue;
            }

            foreach (string earlier in several.Order(StringComparer.Ordinal))
            {
                yield return earlier;
            }

            several.Clear();
            yield return plain;
        }

        foreach (string last in several.Order(StringComparer.Ordinal))
        {
            yield return last;
        }
    }

    private static void Add<TKey, TItem>(Dictionary<TKey, List<TItem>> lists, TKey key, TItem item)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        list.Add(item);
    }

    private static void Prepare(string upper, ImmutableArray<Scenario> scenarios)
    {
        string tools = Path.Combine(upper, "t", "bin");
        Directory.CreateDirectory(tools);
        foreach (string tool in (string[])["serve", "say", "drive"])
        {
            File.Copy(Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Units", "Host", tool), Path.Combine(tools, tool));
        }

        File.Copy(Published.Binary, Path.Combine(tools, "coreutil"));
        string linked = Path.Combine(upper, "etc", "systemd", "system");
        Directory.CreateDirectory(linked);
        Directory.CreateDirectory(Path.Combine(upper, "t", "unitd", "units"));
        File.WriteAllText(Path.Combine(linked, "keeper.service"), "[Service]\nExecStart=/bin/sleep infinity\n");
        foreach (string directory in (string[])[linked, Path.Combine(upper, "t", "unitd", "units")])
        {
            File.WriteAllText(Path.Combine(directory, "bell.service"), "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nExecStart=/bin/true\n");
        }

        foreach (var scenario in scenarios)
        {
            Write("systemd", linked, scenario);
            Write("unitd", Path.Combine(upper, "t", "unitd", "units"), scenario);
        }

        void Write(string manager, string units, Scenario scenario)
        {
            string directory = Path.Combine(upper, "t", manager, scenario.Name);
            Directory.CreateDirectory(directory);
            File.WriteAllLines(Path.Combine(directory, "steps"), scenario.StepsFor(manager));
            File.WriteAllLines(
                Path.Combine(directory, "units"),
                scenario.Units.Where(unit => !unit.Name.Contains("@.", StringComparison.Ordinal) && !unit.Name.Contains('/')).Select(unit => scenario.FullName(unit.Name)));
            foreach (var (name, text) in scenario.Units)
            {
                string path = Path.Combine(units, scenario.FullName(name));
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, scenario.TextFor(manager, name, text));
            }
        }
    }
}
