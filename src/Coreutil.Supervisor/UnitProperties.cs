using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;
using Coreutil.Units;

namespace Coreutil.Supervisor;

/// <summary>What <c>show</c> prints: systemd's own property names and forms, so that both can be compared line by line.</summary>
internal static class UnitProperties
{
    public static ImmutableArray<KeyValuePair<string, string>> Of(SupervisedUnit? unit, string name, UnitFiles files)
    {
        var state = unit?.State ?? UnitState.NotFound;
        var definition = unit?.Definition ?? new UnitDefinition { Name = name, Description = name };
        return
        [
            .. unit is ServiceUnit and not MountUnit ? OfService((ServiceUnit)unit) : unit is PassiveUnit or null ? [] : [new("Result", ServiceNames.Result(unit.Result))],
            .. unit is TimerUnit timer ? (KeyValuePair<string, string>[])[new("NextElapseUSecRealtime", Time(timer.NextElapse)), new("Unit", definition.Timer!.Unit)] : [],
            new("Id", name),
            new("Names", name),
            new("Requires", string.Join(' ', definition.Dependencies.Requires)),
            new("Requisite", string.Join(' ', definition.Dependencies.Requisite)),
            new("Wants", string.Join(' ', definition.Dependencies.Wants)),
            new("BindsTo", string.Join(' ', definition.Dependencies.BindsTo)),
            new("PartOf", string.Join(' ', definition.Dependencies.PartOf)),
            new("Conflicts", string.Join(' ', definition.Dependencies.Conflicts)),
            new("Before", string.Join(' ', definition.Dependencies.Before)),
            new("After", string.Join(' ', definition.Dependencies.After)),
            new("Description", definition.Description),
            new("LoadState", state.LoadState),
            new("ActiveState", state.ActiveState),
            new("SubState", state.SubState),
            new("FragmentPath", definition.Path ?? ""),
            new("DropInPaths", string.Join(' ', definition.DropIns)),
            new("UnitFileState", files.StateOf(name)),
            new("StateChangeTimestamp", Time(unit?.ChangedAt)),
            new("ConditionResult", YesNo(unit?.ConditionResult == true)),
            new("AssertResult", YesNo(unit?.AssertResult == true)),
            new("StartLimitBurst", Text(definition.StartLimitBurst)),
            new("LoadError", definition.LoadError ?? ""),
        ];
    }

    private static IEnumerable<KeyValuePair<string, string>> OfService(ServiceUnit service)
    {
        var settings = service.Definition.Service;
        var exit = service.MainExit;
        return
        [
            new("Type", settings.Type.ToString().ToLowerInvariant()),
            new("RestartUSec", Span(settings.RestartDelay)),
            new("TimeoutStartUSec", Span(settings.StartTimeout)),
            new("TimeoutStopUSec", Span(settings.StopTimeout)),
            new("MainPID", Text(service.MainPid ?? 0)),
            new("ControlPID", Text(service.ControlPid ?? 0)),
            new("StatusText", service.StatusText),
            new("Result", ServiceNames.Result(service.Result)),
            new("NRestarts", Text(service.RestartCount)),
            new("ExecMainPID", Text(service.MainPid ?? 0)),
            new("ExecMainCode", Text(exit?.Kind switch
            {
                ProcessExitKind.Exited => 1,
                ProcessExitKind.Killed => 2,
                ProcessExitKind.Dumped => 3,
                _ => 0,
            })),
            new("ExecMainStatus", Text(exit?.Status ?? 0)),
            new("ControlGroup", service.ControlGroup ?? ""),
            new("InvocationID", service.Invocation),
        ];
    }

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset? time) => time is { } given && given != default
        ? given.ToLocalTime().ToString("ddd yyyy-MM-dd HH:mm:ss 'UTC'zz", CultureInfo.InvariantCulture).Replace("UTC+00", "UTC", StringComparison.Ordinal)
        : "";

    /// <summary>systemd prints spans in the largest units: <c>1min 30s</c>, <c>100ms</c>, <c>infinity</c>.</summary>
    private static string Span(TimeSpan? span)
    {
        if (span is not { } rest)
        {
            return "infinity";
        }

        var parts = new List<string>();
        foreach (var (unit, name) in (ReadOnlySpan<(TimeSpan, string)>)
            [(TimeSpan.FromDays(1), "d"), (TimeSpan.FromHours(1), "h"), (TimeSpan.FromMinutes(1), "min"), (TimeSpan.FromSeconds(1), "s"), (TimeSpan.FromMilliseconds(1), "ms"), (TimeSpan.FromMicroseconds(1), "us")])
        {
            long count = rest.Ticks / unit.Ticks;
            rest -= unit * count;
            if (count > 0)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count}{name}"));
            }
        }

        return parts.Count == 0 ? "0" : string.Join(' ', parts);
    }
}
