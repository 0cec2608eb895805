using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests.Units;

/// <summary>
/// Unit files and what is done with them. In a file: <c>scenario NAME</c>, perhaps <c>differs REASON</c> <c>unordered</c> (several processes trace at once) or
/// <c>brief STATE</c> (it depends on the moment whether it is seen), <c>needs PATH</c> (of the machine), <c>unit NAME</c> blocks and one <c>run</c> block;
/// the lines of a block are indented. A unit's lines begin in the section of its type.
/// </summary>
internal sealed record Scenario(string Name, string? Difference, bool IsUnordered, string? BriefState, ImmutableArray<(string Name, string Text)> Units, ImmutableArray<string> Steps)
{
    /// <summary>A file of this machine without which the scenario cannot be.</summary>
    public string? Needed { get; init; }

    private static readonly string[] _unitVerbs =
        ["start", "stop", "restart", "try-restart", "reload", "reset-failed", "kill", "until", "show", "enable", "disable", "background"];

    public static ImmutableArray<Scenario> ReadAll(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*.scenarios").Order(StringComparer.Ordinal).SelectMany(file => Parse(File.ReadAllLines(file)))];

    public static IEnumerable<Scenario> Parse(string[] lines)
    {
        Scenario? scenario = null;
        bool isRun = false;
        foreach (string line in lines.Where(line => line.Trim().Length > 0 && line[0] != '#'))
        {
            string[] words = line.Split(' ', 2);
            isRun = words[0] == "run" || (isRun && words[0].Length == 0);
            switch (words[0])
            {
                case "scenario":
                    if (scenario is not null)
                    {
                        yield return scenario;
                    }

                    scenario = new(words[1], null, false, null, [], []);
                    break;
                case "differs":
                    scenario = scenario! with { Difference = words[1] };
                    break;
                case "unordered":
                    scenario = scenario! with { IsUnordered = true };
                    break;
                case "brief":
                    scenario = scenario! with { BriefState = words[1] };
                    break;
                case "needs":
                    scenario = scenario! with { Needed = words[1] };
                    break;
                case "unit":
                    scenario = scenario! with { Units = scenario.Units.Add((words[1], "")) };
                    break;
                case "run":
                    break;
                case "" when isRun:
                    scenario = scenario! with { Steps = scenario.Steps.Add(line.Trim()) };
                    break;
                case "":
                    var (unit, text) = scenario!.Units[^1];
                    scenario = scenario with { Units = scenario.Units.SetItem(scenario.Units.Length - 1, (unit, $"{text}{line[2..]}\n")) };
                    break;
                default:
                    throw new InvalidDataException($"neither a block nor indented: {line}");
            }
        }

        if (scenario is not null)
        {
            yield return scenario;
        }
    }

    /// <summary>
    /// The order of the trace is chance: several processes write at once, or one unit pulls in another without After or Before (systemd.unit(5): both start then).
    /// </summary>
    public bool HasNoOrder => IsUnordered
        || (Units.Any(unit => Regex.IsMatch(unit.Text, "^(Requires|Wants|BindsTo)=", RegexOptions.Multiline))
            && !Units.Any(unit => Regex.IsMatch(unit.Text, "^(After|Before)=", RegexOptions.Multiline)));

    /// <summary>The unit's name among those of all scenarios.</summary>
    public string FullName(string unit) => $"{Name}-{unit}";

    /// <summary>The unit's text for one manager: names in full, and where to leave traces.</summary>
    public string TextFor(string manager, string unit, string text)
    {
        string section = unit[(unit.LastIndexOf('.') + 1)..] switch
        {
            "service" => "Service",
            "target" or "device" or "slice" => "Unit",
            var type => char.ToUpperInvariant(type[0]) + type[1..],
        };
        string traced = $"Environment=TRACE=/t/{manager}/{Name}/trace SCENARIO={manager}-{Name}\n";
        string whole = text.StartsWith('[') ? text : $"[{section}]\n{text}";
        whole = section == "Service" && whole.Contains("[Service]\n", StringComparison.Ordinal) ? whole.Replace("[Service]\n", $"[Service]\n{traced}", StringComparison.Ordinal) : whole;
        return Complete(whole).Replace("@DIR@", $"/t/{manager}/{Name}", StringComparison.Ordinal);
    }

    /// <summary>The steps with full names; a name without a type is a service.</summary>
    public IEnumerable<string> StepsFor(string manager) => Steps.Select(step =>
    {
        string[] words = step.Split(' ');
        if (_unitVerbs.Contains(words[0]))
        {
            for (int i = 1; i < words.Length; i++)
            {
                words[i] = Units.Any(unit => unit.Name == $"{words[i]}.service") ? $"{words[i]}.service" : words[i];
            }
        }

        return Complete(string.Join(' ', words)).Replace("@DIR@", $"/t/{manager}/{Name}", StringComparison.Ordinal);
    });

    private string Complete(string text)
    {
        foreach (var (unit, _) in Units)
        {
            int at = unit.IndexOf('@', StringComparison.Ordinal);
            int dot = unit.LastIndexOf('.');
            string stem = Regex.Escape(at < 0 ? unit[..dot] : unit[..at]);
            string type = Regex.Escape(unit[dot..]);
            text = Regex.Replace(text, $@"(?<![\w@./\\-]){stem}(@[\w.\\-]*)?{type}\b", match => FullName(match.Value));
        }

        return text;
    }
}
