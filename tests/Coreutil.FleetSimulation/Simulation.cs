using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Coreutil.Etcd.Client;
using Coreutil.Fleet;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coreutil.FleetSimulation;

/// <summary>A fleet in one process on a real etcd: what it asks of the store while nothing happens, what a change costs, and how long a big start takes.</summary>
internal sealed class Simulation : IAsyncDisposable
{
    private const string Prefix = "/_coreos.com/fleet/";
    private const int Writers = 32;
    private readonly int _machines;
    private readonly int _units;
    private readonly Uri _etcd;
    private readonly TextWriter _output;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("fleet-simulation-");
    private readonly RequestCounter _counter = new();
    private readonly List<FleetServer> _servers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly EtcdHttpClient _http;
    private readonly RegistryMirror _mirror;
    private readonly EtcdRegistry _registry;
    private readonly Task _mirroring;

    public Simulation(int machines, int units, Uri etcd, TextWriter output)
    {
        (_machines, _units, _etcd, _output) = (machines, units, etcd, output);
        _http = new(new() { Endpoints = [etcd], EndpointTimeout = TimeSpan.FromSeconds(30) });
        var keys = new KeysApi(_http);
        var layout = new RegistryKeys(Prefix);
        _mirror = new(keys, layout, TimeProvider.System, NullLogger.Instance);
        _registry = new(keys, layout, _mirror);
        _mirroring = _mirror.RunAsync(_stop.Token);
    }

    public async Task RunAsync(TimeSpan idle, CancellationToken cancel)
    {
        Write("machines", _machines);
        Write("units", _units);
        await StartMachinesAsync(cancel);
        await StartUnitsAsync(cancel);
        await MeasureIdleAsync(idle, cancel);
        await MeasureChangeAsync(cancel);
        MeasurePass();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_servers.Select(server => server.StopAsync(LeaveMode.Keep)));
        await _stop.CancelAsync();
        await _mirroring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task StartMachinesAsync(CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        for (int number = 0; number < _machines; number++)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"{number:x8}{new string('0', 24)}");
            var config = new FleetConfig
            {
                EtcdServers = [_etcd],
                EtcdRequestTimeout = TimeSpan.FromSeconds(30),
                MachineId = id,
                PublicIp = "127.0.0.1",
                StateDirectory = Path.Combine(_directory.FullName, id),
            };
            _servers.Add(FleetServer.Start(config, new MemoryUnitManager(), new WarningLogger(), TimeProvider.System, _counter.Add));
        }

        await UntilAsync(snapshot => snapshot.Machines.Count == _machines && snapshot.Assignments.Count == _machines, cancel);
        Write("seconds until all machines are registered and have their orders", watch.Elapsed.TotalSeconds);
    }

    private async Task StartUnitsAsync(CancellationToken cancel)
    {
        const string Text = "[Service]\nExecStart=/bin/sleep 1000\n";
        var unit = new StoredUnit(UnitText.HashOf(Text), Text);
        long before = _counter.Total;
        var watch = Stopwatch.StartNew();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancel };
        await Parallel.ForEachAsync(Enumerable.Range(0, _units), parallel, async (number, stop) =>
            await _registry.CreateJobAsync(string.Create(CultureInfo.InvariantCulture, $"unit@{number}.service"), unit, TargetState.Launched, stop));
        Write("seconds to submit and start all", watch.Elapsed.TotalSeconds);
        await UntilAsync(snapshot => snapshot.Jobs.Values.All(job => job.TargetMachine is not null), cancel);
        Write("seconds from the first submit until all are scheduled", watch.Elapsed.TotalSeconds);
        await UntilAsync(snapshot => snapshot.Jobs.Values.All(job => snapshot.CurrentStateOf(job) == TargetState.Launched), cancel);
        Write("seconds from the first submit until all are launched", watch.Elapsed.TotalSeconds);
        await UntilAsync(snapshot => snapshot.States.Count(state => state.State.ActiveState == "active") == _units, cancel);
        Write("seconds from the first submit until all are active", watch.Elapsed.TotalSeconds);
        Write("requests of the machines for it, per unit", (double)(_counter.Total - before) / _units);
    }

    private async Task MeasureIdleAsync(TimeSpan idle, CancellationToken cancel)
    {
        await Task.Delay(TimeSpan.FromSeconds(10), cancel);
        var before = _counter.Read();
        var watch = Stopwatch.StartNew();
        await Task.Delay(idle, cancel);
        double seconds = watch.Elapsed.TotalSeconds;
        var after = _counter.Read();
        Write("requests a second while idle", (after.Values.Sum() - before.Values.Sum()) / seconds);
        foreach (var (kind, count) in after.Where(kind => kind.Value != before.GetValueOrDefault(kind.Key)))
        {
            Write($"  {kind}", (count - before.GetValueOrDefault(kind)) / seconds);
        }
    }

    /// <summary>Units are stopped one after the other; what the idle fleet asks meanwhile is told apart by the keys.</summary>
    private async Task MeasureChangeAsync(CancellationToken cancel)
    {
        const int Changes = 20;
        string[] kinds = ["GET unit", "PUT job", "DELETE job", "PUT states", "DELETE states", "PUT state", "PUT x-assigned", "wait x-assigned"];
        var before = _counter.Read();
        var watch = Stopwatch.StartNew();
        for (int number = 0; number < Changes; number++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"unit@{number}.service");
            await _registry.SetTargetStateAsync(name, TargetState.Loaded, cancel);
            await UntilAsync(snapshot => snapshot.StatesOf(name).Any(state => state.State.ActiveState == "inactive"), cancel);
        }

        Write("milliseconds from a stop to its state", watch.Elapsed.TotalMilliseconds / Changes);
        var after = _counter.Read();
        Write("requests of the machines for one stop", kinds.Sum(kind => after.GetValueOrDefault(kind) - before.GetValueOrDefault(kind)) / (double)Changes);
    }

    private void MeasurePass()
    {
        var snapshot = _mirror.Snapshot;
        var state = new ClusterState(snapshot.Machines, snapshot.Jobs);
        var unscheduled = state with { Jobs = state.Jobs.Values.Select(job => job with { TargetMachine = null }).ToImmutableSortedDictionary(job => job.Name, job => job, StringComparer.Ordinal) };
        foreach (var (what, input) in ((string, ClusterState)[])[("with nothing to do", state), ("that places every unit", unscheduled)])
        {
            var watch = Stopwatch.StartNew();
            int decisions = Schedule.Decide(input).Length;
            Write($"milliseconds of one engine pass {what} ({decisions} decisions)", watch.Elapsed.TotalMilliseconds);
        }
    }

    private async Task UntilAsync(Func<RegistrySnapshot, bool> isReached, CancellationToken cancel)
    {
        for (; ; )
        {
            long seen = _mirror.Version;
            _mirror.Want();
            if (_mirror.IsLive && isReached(_mirror.Snapshot))
            {
                return;
            }

            await _mirror.WaitForChangeAsync(seen, TimeSpan.FromSeconds(1), cancel);

            // Looking at ten thousand jobs after each of ten thousand changes would be the load itself.
            await Task.Delay(_units >= 1000 ? 200 : 5, cancel);
        }
    }

    private void Write(string what, double value) => _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {value:0.##}"));
}
