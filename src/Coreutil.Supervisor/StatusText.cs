using System.Globalization;
using System.Text;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Properties;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor;

/// <summary>What <c>systemctl status</c> prints of a unit (systemd 252's layout): the lines whose facts are known here.</summary>
internal static class StatusText
{
    /// <summary>systemctl's exit codes for status: 0 active, 3 not active, 4 no such unit.</summary>
    public static (string Text, int ExitCode) Format(UnitSupervisor supervisor, string name, DateTimeOffset now, string host, int journalLines)
    {
        if (supervisor.Find(name) is not { } unit)
        {
            return ($"Unit {name} could not be found.\n", 4);
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Dot(unit)} {unit.Definition.Title}\n");
        AppendLoaded(text, unit, supervisor.Installer);
        text.Append(CultureInfo.InvariantCulture, $"     Active: {ActiveDetail(unit)}{Since(unit, now)}\n");
        AppendDuration(text, unit);
        AppendTriggers(text, supervisor, unit, now);
        Append(text, "       Docs", unit.Definition.Documentation);
        if (unit is SocketUnit { Definition.Socket: { } socket } listening)
        {
            Append(text, "     Listen", socket.Listens.Select(listen => $"{listen.Address} ({TriggerProperties.KindOf(listen.Kind)})"));
            if (socket.Accepts)
            {
                text.Append(CultureInfo.InvariantCulture, $"   Accepted: {listening.Accepted}; Connected: {listening.Connected};\n");
            }
        }

        if (unit is AutomountUnit { Definition.Automount: { } automount })
        {
            text.Append(CultureInfo.InvariantCulture, $"      Where: {automount.Where}\n");
        }

        if (unit is MountUnit { Definition.Mount: { } mount })
        {
            text.Append(CultureInfo.InvariantCulture, $"      Where: {mount.Where}\n       What: {mount.What}\n");
        }

        if (unit is ServiceUnit service)
        {
            StatusProcesses.Append(text, service);
        }

        AppendJournal(text, supervisor.JournalOf(unit), host, journalLines);
        return (text.ToString(), unit.IsActive ? 0 : 3);
    }

    public static string StaleWarning(string name) =>
        $"Warning: The unit file, source configuration file or drop-ins of {name} changed on disk. Run 'unitctl daemon-reload' to reload units.";

    private static string Dot(SupervisedUnit unit) => unit.State.ActiveState switch
    {
        "failed" => "×",
        "inactive" => "○",
        "reloading" => "↻",
        _ => "●",
    };

    private static void AppendLoaded(StringBuilder text, SupervisedUnit unit, UnitInstaller installer)
    {
        string detail = unit.State.LoadState switch
        {
            "loaded" => unit.Definition.Path is { } path ? $"{path}; {installer.StateOf(unit.Name)}" : "provided by the host",
            "masked" or "bad-setting" => $"Reason: {UnitProperties.LoadErrorOf(unit, unit.Name)!.Split('"')[1]}",
            _ => $"Reason: {unit.Definition.LoadError}",
        };
        text.Append(CultureInfo.InvariantCulture, $"     Loaded: {unit.State.LoadState} ({detail})\n");
        if (unit.State.LoadState == "bad-setting")
        {
            // systemd says this in its log only.
            text.Append(CultureInfo.InvariantCulture, $"             {unit.Definition.LoadError}\n");
        }

        string? directory = null;
        foreach (var group in unit.Definition.DropIns.GroupBy(file => Path.GetDirectoryName(file)))
        {
            text.Append(directory is null ? "    Drop-In: " : "             ").Append(group.Key).Append('\n');
            text.Append("             └─").AppendJoin(", ", group.Select(Path.GetFileName)).Append('\n');
            directory = group.Key;
        }
    }

    private static string ActiveDetail(SupervisedUnit unit)
    {
        var state = unit.State;
        string sub = state.ActiveState == state.SubState ? "" : $" ({state.SubState})";
        return state.ActiveState == "failed" ? $"failed (Result: {ServiceNames.Result(unit.Result)})"
            : unit.Result != ServiceResult.Success ? $"{state.ActiveState}{sub} (Result: {ServiceNames.Result(unit.Result)})"
            : $"{state.ActiveState}{sub}";
    }

    private static string Since(SupervisedUnit unit, DateTimeOffset now) =>
        unit.Times.Since is { } since ? $" since {TimeText.Timestamp(since.Time)}; {TimeText.Ago(now - since.Time)}" : "";

    /// <summary>How long it was up, once it is not any more.</summary>
    private static void AppendDuration(StringBuilder text, SupervisedUnit unit)
    {
        if (unit.IsIdle && unit.Times is { ActiveEnter: { } from, ActiveExit: { } to } && to.Monotonic >= from.Monotonic && unit is ServiceUnit and not MountUnit)
        {
            var duration = TimeSpan.FromMicroseconds(to.Monotonic - from.Monotonic);
            text.Append(CultureInfo.InvariantCulture, $"   Duration: {TimeText.Span(duration, TimeSpan.FromMilliseconds(1))}\n");
        }
    }

    private static void AppendTriggers(StringBuilder text, UnitSupervisor supervisor, SupervisedUnit unit, DateTimeOffset now)
    {
        Append(text, "TriggeredBy", supervisor.ReferencesTo(unit.Name).By(other => other.Triggers).Select(name => $"● {name}"));
        if (unit is TimerUnit timer)
        {
            string next = timer.NextElapse is { } at ? $"{TimeText.Timestamp(at)}; {TimeText.Left(at - now)}" : "n/a";
            text.Append(CultureInfo.InvariantCulture, $"    Trigger: {next}\n");
        }

        Append(text, "   Triggers", unit.Definition.Dependencies.Triggers.Select(name => $"● {name}"));
    }

    private static void Append(StringBuilder text, string title, IEnumerable<string> lines)
    {
        foreach (var (i, line) in lines.Index())
        {
            text.Append(i == 0 ? $"{title}: " : "             ").Append(line).Append('\n');
        }
    }

    private static void AppendJournal(StringBuilder text, UnitJournal journal, string host, int lines)
    {
        var recent = journal.ReadLast(lines, JournalFilter.Everything).Lines;
        if (recent.Count > 0)
        {
            text.Append('\n');
        }

        foreach (JournalLine line in recent)
        {
            text.Append(line.Format(host)).Append('\n');
        }
    }
}
