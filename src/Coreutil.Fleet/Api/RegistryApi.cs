using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Coreutil.Units.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.Fleet.Api;

/// <summary>The API's work done on the registry itself (fleetctl --driver=etcd), for a cluster whose fleetd cannot be reached.</summary>
public sealed class RegistryApi : IFleetApi, IDisposable
{
    private readonly EtcdHttpClient _http;
    private readonly KeysApi _keys;
    private readonly RegistryKeys _layout;
    private readonly EtcdRegistry _registry;

    /// <exception cref="FleetApiException">The TLS files cannot be used.</exception>
    public RegistryApi(EtcdClientOptions options, string prefix)
    {
        try
        {
            _http = new(options);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new FleetApiException(unusable.Message, unusable);
        }

        _keys = new(_http);
        _layout = new(prefix);

        // Not running: its readings are ours, its writes do not wait for it.
        _registry = new(_keys, _layout, new(_keys, _layout, TimeProvider.System, NullLogger.Instance));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The newest release among the machines, for whoever is older than that.</summary>
    public async Task<Version?> FindNewestVersionAsync(CancellationToken cancel) =>
        (await ReadAsync(cancel)).Machines.Values.Select(machine => Version.TryParse(machine.Version.Split('+', '-')[0], out var version) ? version : null).Max();

    public async Task<ImmutableArray<MachineEntry>> ListMachinesAsync(CancellationToken cancel) =>
        [.. (await ReadAsync(cancel)).Machines.Values.Select(machine => new MachineEntry(machine.Id, machine.PublicIp, machine.Metadata))];

    public async Task<ImmutableArray<UnitEntry>> ListUnitsAsync(CancellationToken cancel)
    {
        var snapshot = await ReadAsync(cancel);
        return [.. snapshot.Jobs.Values.Select(job => EntryOf(snapshot, job, isListed: true))];
    }

    public async Task<ImmutableArray<UnitStateEntry>> ListStatesAsync(CancellationToken cancel) =>
        [.. (await ReadAsync(cancel)).States.Select(state => new UnitStateEntry(
            state.UnitName, state.MachineId, state.UnitHash, state.State.LoadState, state.State.ActiveState, state.State.SubState)
        {
            Container = state.Container,
        })];

    public async Task<UnitEntry?> FindUnitAsync(string name, CancellationToken cancel)
    {
        var snapshot = await ReadAsync(cancel);
        return snapshot.Jobs.TryGetValue(name, out var job) ? EntryOf(snapshot, job, isListed: false) : null;
    }

    public async Task PutUnitAsync(string name, string desiredState, ImmutableArray<UnitOption>? options, CancellationToken cancel)
    {
        var existing = (await ReadAsync(cancel)).Jobs.GetValueOrDefault(name);
        var change = UnitsHandler.Judge(name, new(name, desiredState, options ?? []), existing, out var refusal) ?? throw new FleetApiException(refusal!.Message);
        await CallAsync(() => change.Unit is { } unit
            ? _registry.CreateJobAsync(name, unit, change.Target, cancel)
            : _registry.SetTargetStateAsync(name, change.Target, cancel));
    }

    public async Task<bool> DeleteUnitAsync(string name, CancellationToken cancel)
    {
        bool isFound = false;
        await CallAsync(async () => isFound = await _registry.DestroyJobAsync(name, cancel));
        return isFound;
    }

    public async Task<(string Text, int ExitCode)?> ReadStatusAsync(string name, string machineId, CancellationToken cancel)
    {
        using var machine = await FindMachineAsync(machineId, cancel);
        return machine is null ? null : await machine.ReadStatusAsync(name, machineId, cancel);
    }

    public Task<IAsyncEnumerable<string>?> OpenJournalAsync(string name, string machineId, int lines, bool isFollowing, CancellationToken cancel) =>
        Task.FromResult<IAsyncEnumerable<string>?>(null);

    public async Task<bool> RestartOnAsync(string name, string machineId, CancellationToken cancel)
    {
        using var machine = await FindMachineAsync(machineId, cancel);
        return machine is not null && await machine.RestartOnAsync(name, machineId, cancel);
    }

    public async Task<PlacementReport?> ExplainAsync(string name, CancellationToken cancel)
    {
        var snapshot = await ReadAsync(cancel);
        if (!snapshot.Jobs.TryGetValue(name, out var job))
        {
            throw new FleetApiException("unit does not exist");
        }

        var (summary, machines) = Schedule.Explain(new(snapshot.Machines, snapshot.Jobs), job);
        return new(name, job.TargetMachine, summary, [.. machines.Select(machine => new MachineVerdict(machine.MachineId, machine.Obstacle, machine.Units))]);
    }

    public async Task<bool> ForgetMachineAsync(string machineId, CancellationToken cancel)
    {
        await CallAsync(() => _registry.MarkGoneAsync(machineId, cancel));
        return true;
    }

    private static UnitEntry EntryOf(RegistrySnapshot snapshot, Job job, bool isListed) => new(
        job.Name,
        job.IsGlobal && !isListed ? null : snapshot.CurrentStateOf(job).ToWireName(),
        job.TargetState.ToWireName(),
        job.TargetMachine,
        UnitText.Read(job.Unit.Text));

    private async Task<FleetApiClient?> FindMachineAsync(string machineId, CancellationToken cancel) =>
        (await ReadAsync(cancel)).Machines.GetValueOrDefault(machineId)?.ApiAddress is { } address ? new(new(address)) : null;

    private async Task<RegistrySnapshot> ReadAsync(CancellationToken cancel)
    {
        var view = new RegistryView();
        await CallAsync(async () =>
        {
            try
            {
                var listed = await _keys.GetAsync(_layout.Root, new(IsRecursive: true, IsQuorum: true), cancel);
                view.Replace(RegistryTree.Flatten(listed.Node, _layout.Root));
            }
            catch (EtcdException missing) when (missing.Error.Code == EtcdErrorCode.KeyNotFound)
            {
                // A registry that nobody wrote to yet is an empty one.
            }
        });
        return view.Snapshot();
    }

    private static async Task CallAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (EtcdUnavailableException away)
        {
            string errors = string.Join("\n", away.Errors.Select((error, number) => string.Create(CultureInfo.InvariantCulture, $"error #{number}: {error}")));
            throw new FleetApiException($"{EtcdUnavailableException.Summary}; {errors}", away);
        }
        catch (Exception refused) when (refused is EtcdException or EtcdProtocolException)
        {
            throw new FleetApiException(refused.Message, refused);
        }
    }
}
