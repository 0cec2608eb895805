using System.Collections.Immutable;
using Coreutil.Fleet.Api;
using Coreutil.Units.Files;

namespace Coreutil.Tests.Applets.Fleetctl;

/// <summary>A cluster of one machine in memory: units reach their desired state at once, unless they are told to be stuck.</summary>
internal sealed class FakeFleetApi : IFleetApi
{
    public const string MachineId = "c9f1a2b3c4d5e6f7a8b9c0d1e2f30415";

    private readonly SortedDictionary<string, UnitEntry> _units = new(StringComparer.Ordinal);

    public HashSet<string> Stuck { get; } = [];

    public string ActiveState { get; set; } = "active";

    public IReadOnlyDictionary<string, UnitEntry> Units => _units;

    public void Add(string name, string desiredState, string text) =>
        _units[name] = Entry(name, desiredState, ((UnitFileResult.Parsed)UnitFileParser.Parse(text)).File.Options);

    public Task<ImmutableArray<MachineEntry>> ListMachinesAsync(CancellationToken cancel) => Task.FromResult<ImmutableArray<MachineEntry>>(
        [new(MachineId, "192.0.2.7", ImmutableSortedDictionary<string, string>.Empty.Add("disk", "ssd").Add("region", "eu"))]);

    public Task<ImmutableArray<UnitEntry>> ListUnitsAsync(CancellationToken cancel) => Task.FromResult<ImmutableArray<UnitEntry>>([.. _units.Values]);

    public Task<ImmutableArray<UnitStateEntry>> ListStatesAsync(CancellationToken cancel) => Task.FromResult<ImmutableArray<UnitStateEntry>>(
        [.. _units.Values.Where(unit => unit.MachineId is not null).Select(unit => new UnitStateEntry(
            unit.Name, MachineId, "5a2686c5a2686c5a2686c5a2686c5a2686c5a268", "loaded", ActiveState, ActiveState == "active" ? "running" : ActiveState))]);

    public Task<UnitEntry?> FindUnitAsync(string name, CancellationToken cancel) => Task.FromResult(_units.GetValueOrDefault(name));

    public Task PutUnitAsync(string name, string desiredState, ImmutableArray<UnitOption>? options, CancellationToken cancel)
    {
        _units[name] = Entry(name, desiredState, options ?? _units[name].Options);
        return Task.CompletedTask;
    }

    public Task<bool> DeleteUnitAsync(string name, CancellationToken cancel) => Task.FromResult(_units.Remove(name));

    /// <summary>False: a fleetd of the original, which knows none of our additions.</summary>
    public bool HasAdditions { get; set; } = true;

    public List<string> Restarted { get; } = [];

    public Task<(string Text, int ExitCode)?> ReadStatusAsync(string name, string machineId, CancellationToken cancel) =>
        Task.FromResult<(string, int)?>(!HasAdditions ? null : ActiveState == "active" ? ($"{name} runs\n", 0) : ($"{name} is dead\n", 3));

    public Task<IAsyncEnumerable<string>?> OpenJournalAsync(string name, string machineId, int lines, bool isFollowing, CancellationToken cancel) =>
        Task.FromResult(HasAdditions ? ReadLinesAsync(name, lines) : null);

    public Task<bool> RestartOnAsync(string name, string machineId, CancellationToken cancel)
    {
        Restarted.Add($"{name}@{machineId}");
        return Task.FromResult(HasAdditions);
    }

    public Task<PlacementReport?> ExplainAsync(string name, CancellationToken cancel) => Task.FromResult(HasAdditions
        ? new PlacementReport(name, null, "no machine fits", [new(MachineId, "local Machine metadata insufficient: disk=tape is required", 3)])
        : null);

    public Task<bool> ForgetMachineAsync(string machineId, CancellationToken cancel) => Task.FromResult(HasAdditions);

    private static async IAsyncEnumerable<string> ReadLinesAsync(string name, int lines)
    {
        for (int line = 1; line <= lines; line++)
        {
            await Task.Yield();
            yield return $"{name} says {line}";
        }
    }

    private UnitEntry Entry(string name, string desiredState, ImmutableArray<UnitOption> options)
    {
        string state = Stuck.Contains(name) ? "inactive" : desiredState;
        return new(name, state, desiredState, state == "inactive" ? null : MachineId, options);
    }
}
