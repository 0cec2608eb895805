using System.Globalization;
using System.Text;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor;

/// <summary>What <c>systemctl</c> prints of a unit (systemd 252's layout).</summary>
internal static class StatusText
{
    /// <summary>systemctl's exit codes for status: 0 active, 3 not active, 4 no such unit.</summary>
    public static (string Text, int ExitCode) Format(SupervisedUnit? unit, string name, DateTimeOffset now, string host, int journalLines)
    {
        if (unit is null)
        {
            return ($"Unit {name} could not be found.\n", 4);
        }

        var state = unit.State;
        var service = unit as ServiceUnit;
        var text = new StringBuilder();
        string dot = state.ActiveState switch
        {
            "failed" => "×",
            "inactive" => "○",
            _ => "●",
        };
        text.Append(CultureInfo.InvariantCulture, $"{dot} {unit.Name} - {unit.Definition.Description}\n");
        text.Append(CultureInfo.InvariantCulture, $"     Loaded: {state.LoadState} ({unit.Definition.LoadError ?? LoadedFrom(unit)})\n");
        text.Append(CultureInfo.InvariantCulture, $"     Active: {state.ActiveState} ({ActiveDetail(unit)}){Since(unit, now)}\n");
        if (service is not null)
        {
            AppendProcesses(text, service);
            AppendJournal(text, service, host, journalLines);
        }

        return (text.ToString(), unit.IsActive ? 0 : 3);
    }

    private static string LoadedFrom(SupervisedUnit unit) => unit.Definition.Path is { } path ? $"{path}; linked-runtime" : "provided by the host";

    private static string ActiveDetail(SupervisedUnit unit) =>
        unit.State.ActiveState == "failed" ? $"Result: {ServiceNames.Result(unit.Result)}" : unit.State.SubState;

    private static string Since(SupervisedUnit unit, DateTimeOffset now)
    {
        if (unit.ChangedAt == default)
        {
            return "";
        }

        var local = unit.ChangedAt.ToLocalTime();
        string zone = local.Offset == TimeSpan.Zero ? "UTC" : local.ToString("zzz", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $" since {local:ddd yyyy-MM-dd HH:mm:ss} {zone}; {Ago(now - unit.ChangedAt)} ago");
    }

    /// <summary>The two largest units, as systemd prints spans: <c>1min 5s</c>, <c>2h 3min</c>.</summary>
    private static string Ago(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Milliseconds}ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Seconds}s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}min {span.Seconds}s"),
        { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Hours}h {span.Minutes}min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays} days"),
    };

    private static void AppendProcesses(StringBuilder text, ServiceUnit service)
    {
        if (service.MainPid is { } main)
        {
            text.Append(CultureInfo.InvariantCulture, $"   Main PID: {main} ({ProcessIdentity.NameOf(main)})\n");
        }
        else if (service.MainExit is { } exit)
        {
            string status = exit.Kind == ProcessExitKind.Exited ? $"{exit.Status}{(exit.Status == 0 ? "/SUCCESS" : $"/{ExitCodeNames.Of(exit.Status)}")}" : exit.StatusText;
            text.Append(CultureInfo.InvariantCulture, $"    Process: ExecStart={string.Join(' ', service.Definition.Service.Start.FirstOrDefault()?.Words ?? [])} (code={exit.CodeText}, {(exit.Kind == ProcessExitKind.Exited ? "status" : "signal")}={status})\n");
        }

        var processes = service.Processes;
        if (processes.Count == 0)
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"      Tasks: {processes.Count}\n");
        text.Append(CultureInfo.InvariantCulture, $"     CGroup: {service.ControlGroup ?? "(none: the host lets nobody make one)"}\n");
        for (int i = 0; i < processes.Count; i++)
        {
            string branch = i == processes.Count - 1 ? "└─" : "├─";
            text.Append(CultureInfo.InvariantCulture, $"             {branch}{processes[i]} {CommandLineOf(processes[i])}\n");
        }
    }

    private static void AppendJournal(StringBuilder text, ServiceUnit service, string host, int lines)
    {
        var recent = service.Journal.ReadLast(lines, JournalFilter.Everything).Lines;
        if (recent.Count > 0)
        {
            text.Append('\n');
        }

        foreach (JournalLine line in recent)
        {
            text.Append(line.Format(host)).Append('\n');
        }
    }

    private static string CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").TrimEnd('\0').Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "(gone)";
        }
    }
}
