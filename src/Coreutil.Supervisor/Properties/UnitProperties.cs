using System.Collections.Immutable;
using Coreutil.Supervisor.Units;
using Coreutil.Units;

namespace Coreutil.Supervisor.Properties;

/// <summary>What <c>show</c> prints: systemd's own names, forms and order, of all that this supervisor knows.</summary>
internal static class UnitProperties
{
    public static ImmutableArray<KeyValuePair<string, string>> Of(UnitSupervisor supervisor, string name)
    {
        var list = new PropertyList();
        var unit = supervisor.Find(name);
        switch (unit)
        {
            case MountUnit mount when mount.Definition.Mount is not null:
                TriggerProperties.AddMount(list, mount);
                break;
            case ServiceUnit service:
                ServiceProperties.Add(list, service);
                break;
            case TimerUnit timer when timer.Definition.Timer is not null:
                TriggerProperties.AddTimer(list, timer);
                break;
            case SocketUnit socket when socket.Definition.Socket is not null:
                TriggerProperties.AddSocket(list, socket);
                break;
            case PathUnit path when path.Definition.PathWatch is not null:
                TriggerProperties.AddPath(list, path);
                break;
            case AutomountUnit automount when automount.Definition.Automount is not null:
                TriggerProperties.AddAutomount(list, automount);
                break;
            case null when name.EndsWith(".service", StringComparison.Ordinal):
                ServiceProperties.AddNothing(list);
                break;
        }

        AddGeneric(list, supervisor, unit, name);
        return list.Lines;
    }

    private static void AddGeneric(PropertyList list, UnitSupervisor supervisor, SupervisedUnit? unit, string name)
    {
        var state = unit?.State ?? UnitState.NotFound;
        var definition = unit?.Definition ?? new UnitDefinition { Name = name, Description = name };
        var dependencies = definition.Dependencies;
        var inverse = supervisor.ReferencesTo(name);
        list.Add("Id", name);
        list.Add("Names", name);
        list.Add("Requires", dependencies.Requires.Distinct());
        list.Add("Requisite", dependencies.Requisite.Distinct());
        list.Add("Wants", dependencies.Wants.Distinct());
        list.Add("BindsTo", dependencies.BindsTo.Distinct());
        list.Add("PartOf", dependencies.PartOf.Distinct());
        list.Add("RequiredBy", inverse.By(other => other.Requires));
        list.Add("RequisiteOf", inverse.By(other => other.Requisite));
        list.Add("WantedBy", inverse.By(other => other.Wants));
        list.Add("BoundBy", inverse.By(other => other.BindsTo));
        list.Add("ConsistsOf", inverse.By(other => other.PartOf));
        list.Add("Conflicts", dependencies.Conflicts.Distinct());
        list.Add("ConflictedBy", inverse.By(other => other.Conflicts));
        list.Add("Before", dependencies.Before.Concat(inverse.By(other => other.After)).Distinct());
        list.Add("After", dependencies.After.Concat(inverse.By(other => other.Before)).Distinct());
        list.Add("OnSuccess", dependencies.OnSuccess);
        list.Add("OnSuccessOf", inverse.By(other => other.OnSuccess));
        list.Add("OnFailure", dependencies.OnFailure);
        list.Add("OnFailureOf", inverse.By(other => other.OnFailure));
        list.Add("Triggers", dependencies.Triggers);
        list.Add("TriggeredBy", inverse.By(other => other.Triggers));
        list.Add("PropagatesReloadTo", dependencies.PropagatesReloadTo);
        list.Add("ReloadPropagatedFrom", inverse.By(other => other.PropagatesReloadTo));
        list.Add("RequiresMountsFor", definition.MountPaths);
        list.Add("Documentation", definition.Documentation.Select(Documented));
        list.Add("Description", definition.Description);
        list.Add("LoadState", state.LoadState);
        list.Add("ActiveState", state.ActiveState);
        list.Add("SubState", state.SubState);
        list.Add("FragmentPath", definition.Path);
        list.Add("DropInPaths", definition.DropIns);
        list.Add("UnitFileState", supervisor.Installer.StateOf(name));
        var times = unit?.Times ?? new();
        list.AddTime("StateChangeTimestamp", times.StateChange);
        list.AddTime("InactiveExitTimestamp", times.InactiveExit);
        list.AddTime("ActiveEnterTimestamp", times.ActiveEnter);
        list.AddTime("ActiveExitTimestamp", times.ActiveExit);
        list.AddTime("InactiveEnterTimestamp", times.InactiveEnter);
        list.Add("CanStart", state.LoadState == "loaded" && !definition.RefusesManualStart);
        list.Add("CanStop", !definition.RefusesManualStop);
        list.Add("CanReload", unit is { CanReload: true });
        list.Add("StopWhenUnneeded", definition.IsStoppedWhenUnneeded);
        list.Add("RefuseManualStart", definition.RefusesManualStart);
        list.Add("RefuseManualStop", definition.RefusesManualStop);
        list.Add("NeedDaemonReload", supervisor.IsStale(definition));
        list.Add("ConditionResult", unit is { ConditionResult: true });
        list.Add("AssertResult", unit is { AssertResult: true });
        list.AddTime("ConditionTimestamp", times.Condition);
        list.AddTime("AssertTimestamp", times.Assert);
        if (LoadErrorOf(unit, name) is { } error)
        {
            list.Add("LoadError", error);
        }

        list.AddSpan("StartLimitIntervalUSec", definition.StartLimitInterval);
        list.Add("StartLimitBurst", definition.StartLimitBurst);
        list.Add("InvocationID", unit is ServiceUnit { IsIdle: false } service ? service.Invocation : "");
    }

    /// <summary>The name of systemd's error and its text; what is wrong in detail is said by <c>status</c> and <c>verify</c>.</summary>
    public static string? LoadErrorOf(SupervisedUnit? unit, string name) => unit?.State.LoadState switch
    {
        null => $"org.freedesktop.systemd1.NoSuchUnit \"Unit {name} not found.\"",
        "masked" => $"org.freedesktop.systemd1.UnitMasked \"Unit {name} is masked.\"",
        "bad-setting" => $"org.freedesktop.systemd1.BadUnitSetting \"Unit {name} has a bad unit file setting.\"",
        "error" => $"org.freedesktop.systemd1.LoadFailed \"{unit.Definition.LoadError}\"",
        _ => null,
    };

    private static string Documented(string url) => url.AsSpan().IndexOfAny("()'\"\\") < 0 ? url : $"\"{url}\"";
}
