using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor.Properties;

/// <summary>The properties of timers, sockets, paths and mounts.</summary>
internal static class TriggerProperties
{
    public static void AddTimer(PropertyList list, TimerUnit timer)
    {
        var settings = timer.Definition.Timer!;
        list.Add("Unit", settings.Unit);

        // systemd keeps both lists the other way round.
        foreach (var (line, next) in settings.Delays.Select((line, i) => (line, timer.NextOfDelays.ElementAtOrDefault(i))).Reverse())
        {
            list.Add("TimersMonotonic", $"{{ {SettingOf(line.Base)}={TimeText.Span(line.Delay)} ; next_elapse={(next is { } at ? Monotonic(at, timer.Clock) : "0")} }}");
        }

        foreach (var (calendar, next) in settings.Calendar.Select((line, i) => (line, timer.NextOfCalendar.ElementAtOrDefault(i))).Reverse())
        {
            list.Add("TimersCalendar", $"{{ OnCalendar={calendar} ; next_elapse={(next is { } at ? TimeText.Timestamp(at) : "(null)")} }}");
        }

        list.Add("NextElapseUSecRealtime", timer.NextOfCalendar.Min() is { } realtime ? TimeText.Timestamp(realtime) : "");
        list.Add("NextElapseUSecMonotonic", timer.NextOfDelays.Min() is { } monotonic ? Monotonic(monotonic, timer.Clock) : timer.IsActive && settings.Delays.IsEmpty ? "" : "infinity");
        list.Add("LastTriggerUSec", timer.LastTrigger is { } last ? TimeText.Timestamp(last) : "");
        list.Add("LastTriggerUSecMonotonic", timer.LastTrigger is { } trigger ? Monotonic(trigger, timer.Clock) : "0");
        list.Add("Result", ServiceNames.Result(timer.Result));
        list.AddSpan("RandomizedDelayUSec", settings.RandomizedDelay);
        list.Add("Persistent", settings.IsPersistent);
        list.Add("RemainAfterElapse", settings.RemainsAfterElapse);
    }

    public static void AddSocket(PropertyList list, SocketUnit socket)
    {
        var settings = socket.Definition.Socket!;
        list.Add("SocketUser", settings.User);
        list.Add("SocketGroup", settings.Group);
        list.AddMode("SocketMode", settings.Mode);
        list.AddMode("DirectoryMode", settings.DirectoryMode);
        list.Add("Accept", settings.Accepts);
        list.Add("RemoveOnStop", settings.IsRemovedOnStop);
        foreach (var (kind, address) in settings.Listens)
        {
            list.Add("Listen", $"{address} ({KindOf(kind)})");
        }

        list.Add("MaxConnections", settings.MaxConnections);
        list.Add("Result", ServiceNames.Result(socket.Result));
        list.Add("NAccepted", socket.Accepted);
        list.Add("FileDescriptorName", settings.DescriptorName);
    }

    public static void AddPath(PropertyList list, PathUnit path)
    {
        var settings = path.Definition.PathWatch!;
        list.Add("Unit", settings.Unit);
        foreach (var (kind, watched) in settings.Watches.Reverse())
        {
            list.Add("Paths", $"{watched} ({(kind == PathKind.DirectoryNotEmpty ? "" : "Path")}{kind})");
        }

        list.Add("MakeDirectory", settings.MakesDirectory);
        list.AddMode("DirectoryMode", settings.DirectoryMode);
        list.Add("Result", ServiceNames.Result(path.Result));
    }

    public static void AddMount(PropertyList list, MountUnit mount)
    {
        var settings = mount.Definition.Mount!;
        list.Add("Where", settings.Where);
        list.Add("What", settings.What);
        list.AddSpan("TimeoutUSec", mount.Settings.StartTimeout);
        list.Add("ControlPID", mount.MainPid ?? mount.ControlPid ?? 0);
        list.Add("Result", ServiceNames.Result(mount.Result));
        ServiceProperties.AddCommands(list, "ExecMount", mount.Settings.Start.Where(command => mount.Runs.Of(command) is not null), mount.Runs);
        ServiceProperties.AddCommands(list, "ExecUnmount", mount.Settings.Stop.Where(command => mount.Runs.Of(command) is not null), mount.Runs);
        ServiceProperties.AddResources(list, mount);
    }

    public static void AddAutomount(PropertyList list, AutomountUnit automount)
    {
        var settings = automount.Definition.Automount!;
        list.Add("Where", settings.Where);
        if (settings.ExtraOptions is { } options)
        {
            list.Add("ExtraOptions", options);
        }

        list.AddMode("DirectoryMode", settings.DirectoryMode);
        list.Add("Result", ServiceNames.Result(automount.Result));
        list.AddSpan("TimeoutIdleUSec", settings.IdleTimeout ?? TimeSpan.Zero);
    }

    /// <summary>systemd's word in brackets behind an address.</summary>
    public static string KindOf(SocketKind kind) => kind switch
    {
        SocketKind.Fifo => "FIFO",
        _ => kind.ToString(),
    };

    private static string SettingOf(TimerBase origin) => $"On{origin}USec";

    /// <summary>As a distance from the machine's start.</summary>
    private static string Monotonic(DateTimeOffset time, DateTimeOffset now) =>
        TimeText.Span(time - now + TimeSpan.FromMicroseconds(Moment.At(now).Monotonic));
}
