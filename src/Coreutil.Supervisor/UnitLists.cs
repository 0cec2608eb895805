using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Properties;
using Coreutil.Supervisor.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>The rows of systemctl's lists; titles, widths and legends are the client's.</summary>
internal sealed class UnitLists(TimeProvider time)
{
    /// <summary>Whatever is active, failed or has a job, by type and name; inactive units too where all are wanted or a state is asked for.</summary>
    public static ImmutableArray<UnitRow> Units(UnitSupervisor units, UnitdRequest request)
    {
        if (request.IsAll)
        {
            units.LoadReferred();
        }

        return
        [
            .. units.InMemory.Where(unit => (request.IsAll || UnitPatterns.IsShown(units, unit)) && IsWanted(unit.Name, request))
                .OrderBy(unit => UnitName.Suffix(unit.Name), StringComparer.Ordinal).ThenBy(unit => unit.Name, StringComparer.Ordinal)
                .Select(unit => UnitRow.Of(unit, unit.Name, units.JobOf(unit.Name))),
        ];
    }

    public static ImmutableArray<ImmutableArray<string>> Files(UnitSupervisor units, UnitdRequest request) =>
    [
        .. units.Installer.All().Where(file => IsWanted(file.Name, request))
            .OrderBy(file => UnitName.Suffix(file.Name), StringComparer.Ordinal).ThenBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => ImmutableArray.Create(file.Name, file.State, "-")),
    ];

    /// <summary>Next, left, last, passed, unit and what it starts; the next one first.</summary>
    public ImmutableArray<ImmutableArray<string>> Timers(UnitSupervisor units, UnitdRequest request)
    {
        var now = time.GetUtcNow();
        return
        [
            .. units.InMemory.OfType<TimerUnit>().Where(timer => timer.Definition.Timer is not null && (request.IsAll || timer.State.ActiveState != "inactive") && IsWanted(timer.Name, request))
                .OrderBy(timer => timer.NextElapse ?? DateTimeOffset.MaxValue).ThenBy(timer => timer.Name, StringComparer.Ordinal)
                .Select(timer => ImmutableArray.Create(
                    timer.NextElapse is { } next ? TimeText.Timestamp(next) : "-",
                    timer.NextElapse is { } due ? TimeText.Left(due - now) : "-",
                    timer.LastTrigger is { } last ? TimeText.Timestamp(last) : "-",
                    timer.LastTrigger is { } since ? TimeText.Ago(now - since) : "-",
                    timer.Name,
                    timer.Definition.Timer!.Unit)),
        ];
    }

    /// <summary>Address, unit and what it starts, a row each address.</summary>
    public static ImmutableArray<ImmutableArray<string>> Sockets(UnitSupervisor units, UnitdRequest request) =>
    [
        .. units.InMemory.OfType<SocketUnit>().Where(socket => socket.Definition.Socket is not null && (request.IsAll || socket.State.ActiveState != "inactive") && IsWanted(socket.Name, request))
            .SelectMany(socket => socket.Definition.Socket!.Listens.Select(listen => (listen.Address, Kind: TriggerProperties.KindOf(listen.Kind), socket)))
            .OrderBy(row => row.Address, StringComparer.Ordinal).ThenBy(row => row.Kind, StringComparer.Ordinal)
            .Select(row => ImmutableArray.Create(row.Address, row.socket.Name, row.socket.Definition.Socket!.Service)),
    ];

    private static bool IsWanted(string name, UnitdRequest request) => request.Names.IsEmpty || request.Names.Any(pattern => UnitPatterns.IsMatch(pattern, name));
}
