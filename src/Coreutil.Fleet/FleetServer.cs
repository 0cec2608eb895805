using Coreutil.Etcd.Client;
using Coreutil.Fleet.Agent;
using Coreutil.Fleet.Api;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Machines;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet;

/// <summary>One machine of the fleet: its presence, its agent, its engine and its API, over one mirror of the registry.</summary>
public sealed class FleetServer : IAsyncDisposable
{
    /// <summary>The release of fleet that this daemon is compatible with.</summary>
    public const string Version = "1.0.0";

    private static readonly TimeSpan _longestPurge = TimeSpan.FromSeconds(60);
    private readonly FleetConfig _config;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly MachineState _machine;
    private readonly EtcdHttpClient _http;
    private readonly RegistryMirror _mirror;
    private readonly EtcdRegistry _registry;
    private readonly EngineLease _lease;
    private readonly LocalUnits _units;
    private readonly UnitStatePublisher _publisher;
    private readonly AgentLoop _agent;
    private readonly EngineLoop _engine;
    private readonly MachinePresence _presence;
    private readonly CancellationTokenSource _stopMirror = new();
    private readonly CancellationTokenSource _stopLoops = new();
    private FleetApiServer? _api;
    private Task _mirroring = Task.CompletedTask;
    private bool _isDisposed;

    private FleetServer(FleetConfig config, IUnitManager manager, ILogger log, TimeProvider time)
    {
        (_config, _log, _time) = (config, log, time);
        _machine = LocalMachine.Read(config);
        _http = Connect(config);
        var keys = new KeysApi(_http);
        var layout = new RegistryKeys(config.EtcdKeyPrefix);
        _mirror = new(keys, layout, time, log) { PollInterval = config.DisableWatches ? config.EngineReconcileInterval : null };
        _registry = new(keys, layout, _mirror);
        var leaseTtl = config.EngineReconcileInterval * EngineLoop.LeaseIntervals;
        _lease = new(keys, layout, _machine.Id, EngineLoop.ProtocolVersion, leaseTtl);
        _engine = new(_registry, _lease, config.EngineReconcileInterval, leaseTtl, time, log);
        _units = new(manager);
        _publisher = new(_registry, manager, _units, _machine.Id, config.AgentTtl, time, log);
        _agent = new(_registry, manager, _units, _publisher, _machine.Id, config.AgentTtl, log);
        _presence = new(
            _registry, () => LocalMachine.Read(config), config.AgentTtl, Path.Combine(config.StateDirectory, "registration"), time, log);
        LocalUnits = new(_registry, manager, _machine.Id);
    }

    /// <summary>Ends when the daemon is disposed of; fails when a part of it failed in a way nobody foresaw.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    private LocalUnitHandler LocalUnits { get; }

    /// <summary>Opens the API and starts everything else, which waits for the store by itself.</summary>
    /// <param name="prepare">Done when the API is open and before any unit is touched: a daemon that cannot listen must have started nothing.</param>
    /// <exception cref="FleetStartException">It cannot start as configured.</exception>
    public static async Task<FleetServer> StartAsync(
        FleetConfig config, IUnitManager manager, Func<CancellationToken, Task> prepare, ILogger log, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(config.StateDirectory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FleetStartException($"cannot use state_dir {config.StateDirectory}: {failure.Message}", failure);
        }

        var server = new FleetServer(config, manager, log, time);
        try
        {
            await server.OpenAsync(prepare, cancel);
            return server;
        }
        catch (FleetStartException)
        {
            if (server._api is not null)
            {
                await server._api.DisposeAsync();
            }

            server.Release();
            throw;
        }
    }

    /// <summary>A graceful end: takes this machine's units down and out of the registry, or leaves all of it (leave_running).</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (_api is not null)
        {
            await _api.DisposeAsync();
        }

        await _stopLoops.CancelAsync();
        await Task.WhenAny(Completion);
        using (var limit = new CancellationTokenSource(_longestPurge, _time))
        {
            await LeaveAsync(limit.Token);
        }

        await _stopMirror.CancelAsync();
        await Task.WhenAny(_mirroring);
        Release();
    }

    private async Task OpenAsync(Func<CancellationToken, Task> prepare, CancellationToken cancel)
    {
        var api = new FleetApi(
            new(_registry, _config.TokenLimit),
            new(_registry, _config.TokenLimit, _log),
            LocalUnits,
            () => _registry.IsLive && _presence.IsRegistered,
            _log);
        _api = await FleetApiServer.StartAsync(_config, api.AnswerAsync, cancel);
        await prepare(cancel);
        _mirroring = _mirror.RunAsync(_stopMirror.Token);
        Completion = RunAsync(_stopLoops.Token);
    }

    private async Task RunAsync(CancellationToken stop)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var registered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        List<Task> parts =
        [
            _mirroring,
            _presence.RunAsync(
                async cancel =>
                {
                    await _publisher.ForgetAsync(cancel);
                    registered.TrySetResult();
                },
                together.Token),
            RunWhenAsync(registered.Task, _agent.RunAsync, together.Token),
            RunWhenAsync(registered.Task, _publisher.RunAsync, together.Token),
        ];
        if (!_config.DisableEngine)
        {
            parts.Add(RunWhenAsync(registered.Task, _engine.RunAsync, together.Token));
        }

        // No part ends by itself: the first to end failed, or all are told to.
        var first = await Task.WhenAny(parts);
        await together.CancelAsync();
        await Task.WhenAll(parts.Skip(1)).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (first.IsFaulted)
        {
            _log.PartFailed(first.Exception.GetBaseException());
            await first;
        }
    }

    private static async Task RunWhenAsync(Task condition, Func<CancellationToken, Task> run, CancellationToken cancel)
    {
        await condition.WaitAsync(cancel);
        await run(cancel);
    }

    private async Task LeaveAsync(CancellationToken cancel)
    {
        try
        {
            if (!_config.LeaveRunning)
            {
                await PurgeUnitsAsync(cancel);
                await _registry.RemoveMachineAsync(_machine.Id, cancel);
            }

            await _lease.ReleaseAsync(cancel);
        }
        catch (Exception failure) when (AgentLoop.IsExpected(failure) || failure is OperationCanceledException)
        {
            // Without the store there is nobody to tell: what is left there expires.
            _log.LeaveIncomplete(failure.Message);
        }
    }

    private async Task PurgeUnitsAsync(CancellationToken cancel)
    {
        await _agent.PurgeAsync(cancel);
        while (!_units.Current.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _time, cancel);
            await _agent.PurgeAsync(cancel);
        }
    }

    private static EtcdHttpClient Connect(FleetConfig config) => new(new()
    {
        Endpoints = config.EtcdServers,
        EndpointTimeout = config.EtcdRequestTimeout,
        Username = config.EtcdUsername,
        Password = config.EtcdPassword,
        CaFile = config.EtcdCaFile,
        CertFile = config.EtcdCertFile,
        KeyFile = config.EtcdKeyFile,
    });

    private void Release()
    {
        _publisher.Dispose();
        _http.Dispose();
        _stopLoops.Dispose();
        _stopMirror.Dispose();
    }
}
