using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>One thing that is wrong with a unit file, or that does something else than it seems to.</summary>
public sealed record UnitProblem(int Line, int Column, string What)
{
    public override string ToString() => $"{Line}:{Column}: {What}";
}

/// <summary>Reads a unit file as systemd would and says of every line what would come of it.</summary>
public sealed class UnitVerifier(SpecifierContext specifiers)
{
    private static readonly ImmutableArray<string> _flags =
        ["RemainAfterExit", "GuessMainPID", "SendSIGKILL", "SendSIGHUP", "IgnoreSIGPIPE", "StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "Persistent", "Accept", "MakeDirectory", "RemoveOnStop", "RemainAfterElapse"];

    /// <summary>With systemd's word for what it cannot read.</summary>
    private static readonly ImmutableArray<(string Setting, string Kind, string[] Values)> _choices =
    [
        ("Type", "service type", ["simple", "exec", "forking", "oneshot", "dbus", "notify", "idle"]),
        ("Restart", "service restart specifier", ["no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"]),
        ("KillMode", "kill mode specification", ["control-group", "mixed", "process", "none"]),
        ("NotifyAccess", "notify access specifier", ["none", "main", "exec", "all"]),
    ];

    public ImmutableArray<UnitProblem> Verify(string name, string path, string text)
    {
        var problems = new List<UnitProblem>();
        if (UnitName.Refusal(name) is { } refusal)
        {
            problems.Add(new(1, 1, $"{refusal}: fleet takes no such unit"));
        }

        var content = UnitFileReader.Read(text);
        problems.AddRange(content.Remarks.Select(remark => new UnitProblem(remark.Line, remark.Column, remark.What)));
        if (UnitFileParser.Parse(text) is UnitFileResult.Refused { Failure: var failure })
        {
            problems.Add(new(failure.Line, failure.Column, $"{failure.What}: fleetctl refuses the file"));
        }

        foreach (var placed in content.Options)
        {
            problems.AddRange(Problems(name, placed.Option).Select(what => new UnitProblem(placed.Line, placed.Column, what)));
        }

        var definition = new UnitDefinitionLoader(specifiers).Load(name, new UnitSources(path, text, [], [], []));
        if (definition.LoadError is { } error)
        {
            int line = content.Options.FirstOrDefault(placed => placed.Option.Section == UnitDefinitionLoader.OwnSection(name)).Line;
            problems.Add(new(Math.Max(line, 1), 1, $"{error[(error.IndexOf(": ", StringComparison.Ordinal) + 2)..]} (load state {definition.LoadState})"));
        }

        return [.. problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)];
    }

    private IEnumerable<string> Problems(string unit, UnitOption option)
    {
        if (KnownSettings.Problem(option) is { } unknown)
        {
            return [unknown];
        }

        if (option.Value.Length == 0 || option.Section is not ("Unit" or "Service" or "Timer" or "Path" or "Socket" or "Mount"))
        {
            return [];
        }

        if (option.Name.StartsWith("Exec", StringComparison.Ordinal))
        {
            return ExecProblems(unit, option);
        }

        if (_flags.Contains(option.Name) && UnitSection.Boolean(option.Value) is null)
        {
            return [$"Failed to parse boolean value, ignoring: {option.Value}"];
        }

        if (option.Name.EndsWith("Sec", StringComparison.Ordinal) && !TimeSpanText.TryParse(option.Value, out _))
        {
            string kind = option.Section == "Timer" && option.Name.StartsWith("On", StringComparison.Ordinal) ? "timer" : option.Name.StartsWith("Timeout", StringComparison.Ordinal) ? "time" : "sec";
            return [$"Failed to parse {kind} value, ignoring: {option.Value}"];
        }

        if (option.Name.EndsWith("Signal", StringComparison.Ordinal) && Signals.Parse(option.Value) is null)
        {
            return [$"Failed to parse signal name, ignoring: {option.Value}"];
        }

        if (option.Name == "OnCalendar" && CalendarSpec.TryParse(Specifiers.Expand(option.Value, unit, specifiers)) is null)
        {
            return [$"Failed to parse calendar specification, ignoring: {option.Value}"];
        }

        return _choices.Where(choice => choice.Setting == option.Name && option.Section == "Service" && !choice.Values.Contains(option.Value))
            .Select(choice => $"Failed to parse {choice.Kind}, ignoring: {option.Value} (one of {string.Join(", ", choice.Values)})");
    }

    private IEnumerable<string> ExecProblems(string unit, UnitOption option)
    {
        switch (ExecLine.Parse(option.Value, word => Specifiers.Expand(word, unit, specifiers)))
        {
            case ExecLineResult.Refused refused:
                // Only a line without any program is passed over; any other one that cannot be read is a fatal error to systemd.
                yield return refused.What.StartsWith("empty path", StringComparison.Ordinal) ? $"{refused.What}: systemd ignores the line"
                    : $"{refused.What}: systemd refuses the unit (load state bad-setting){(option.Name == "ExecStart" ? "" : ", unitd ignores the line")}";
                break;
            case ExecLineResult.Parsed parsed:
                foreach (var command in parsed.Commands)
                {
                    if (command.HasDetachedPrefix)
                    {
                        yield return $"a blank stands between the prefix and {command.Path}: systemd ignores the line ('Empty path in command line'), unitd runs it; write them together";
                    }

                    if (command.Path.StartsWith('/') && !File.Exists(command.Path))
                    {
                        yield return $"Command {command.Path} is not executable: No such file or directory{(command.IsFailureIgnored ? " (ignored because of the '-')" : ": the command ends with 203/EXEC")}";
                    }
                }

                break;
        }
    }
}
