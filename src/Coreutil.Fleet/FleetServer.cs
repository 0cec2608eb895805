using System.Text.Json;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Agent;
using Coreutil.Fleet.Api;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Machines;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Coreutil.Units.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet;

/// <summary>How a machine takes its leave.</summary>
public enum LeaveMode
{
    /// <summary>Its units are stopped and move elsewhere; it is taken out of the registry.</summary>
    Purge,

    /// <summary>All stays: another fleetd of this machine takes over.</summary>
    Keep,
}

/// <summary>One machine of the fleet: its presence, its agent, its engine and what its API answers, without sockets of its own.</summary>
public sealed class FleetServer : IAsyncDisposable
{
    /// <summary>The release of fleet that this daemon is compatible with.</summary>
    public const string Version = "1.0.0";

    private static readonly TimeSpan _longestPurge = TimeSpan.FromSeconds(60);
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly MachineState _machine;
    private readonly EtcdHttpClient _http;
    private readonly RegistryMirror _mirror;
    private readonly AssignmentWatch _watch;
    private readonly EtcdRegistry _registry;
    private readonly EngineLease _lease;
    private readonly LocalUnits _units;
    private readonly DockerContainers _containers;
    private readonly UnitStatePublisher _publisher;
    private readonly AgentLoop _agent;
    private readonly EngineLoop _engine;
    private readonly MachinePresence _presence;
    private readonly MachineForwarder _forwarder;
    private readonly FleetApi _api;
    private readonly CancellationTokenSource _stopWatches = new();
    private readonly CancellationTokenSource _stopLoops = new();
    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _watching = Task.CompletedTask;
    private bool _isStopped;

    private FleetServer(FleetConfig config, IUnitManager manager, ILogger log, TimeProvider time, Action<EtcdRequest, Uri>? onRequest)
    {
        (_log, _time) = (log, time);
        string instance = LocalInstance.Read(config.StateDirectory);
        _machine = LocalMachine.Read(config, instance);
        _http = Connect(config, onRequest);
        var keys = new KeysApi(_http);
        var layout = new RegistryKeys(config.EtcdKeyPrefix);
        _mirror = new(keys, layout, time, log) { PollInterval = config.DisableWatches ? config.EngineReconcileInterval : null };
        _watch = new(keys, layout, _machine.Id, time, log);
        _registry = new(keys, layout, _mirror);
        var engine = new EngineSettings
        {
            Interval = config.EngineReconcileInterval,
            RescheduleGrace = config.EngineRescheduleGrace,
            AgentTtl = config.AgentTtl,
            CanLead = !config.DisableEngine,
        };
        Metrics = new();
        _lease = new(keys, layout, _machine.Id, EngineLoop.ProtocolVersion, engine.LeaseTtl);
        _engine = new(_registry, _lease, _watch, new(keys, layout, time, log), engine, Metrics, time, log);
        var specifiers = new SpecifierContext { HostName = Environment.MachineName, MachineId = _machine.Id };
        _units = new(manager, new(Path.Combine(config.StateDirectory, "launched")), specifiers);
        _containers = new(config.DockerEndpoint, time, log);
        _publisher = new(_registry, _watch, manager, _units, _containers, _machine.Id, config.AgentTtl, time, log);
        var agent = new AgentSettings(_machine.Id, config.Fence ? config.AgentTtl + config.FenceMargin : null);
        _agent = new(_registry, _watch, manager, _units, _publisher, agent, time, log);
        _presence = new(_registry, _watch, () => LocalMachine.Read(config, instance), config.AgentTtl, time, log);
        _forwarder = new(config);
        var parts = new FleetApiParts(
            _registry,
            new(_registry, config.TokenLimit),
            new(_registry, config.TokenLimit, log),
            new(_registry, manager, _units, _containers, _forwarder, _machine.Id, time),
            new(_registry, _agent.LastFailureOf, _machine.Id),
            Metrics);
        _api = new(parts, cancel => IsAvailableAsync(config.EtcdRequestTimeout, cancel), log);
    }

    /// <summary>Ends when the server is stopped; fails when a part of it failed in a way nobody foresaw.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public EngineMetrics Metrics { get; }

    /// <summary>Starts everything, which waits for the store by itself.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="manager">Who runs units on this machine.</param>
    /// <param name="log">Where it tells what it does.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onRequest">Told of every request to the store.</param>
    /// <exception cref="FleetStartException">It cannot start as configured.</exception>
    public static FleetServer Start(
        FleetConfig config, IUnitManager manager, ILogger log, TimeProvider time, Action<EtcdRequest, Uri>? onRequest = null)
    {
        FleetServer server;
        try
        {
            Directory.CreateDirectory(config.StateDirectory);
            server = new(config, manager, log, time, onRequest);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FleetStartException($"cannot use state_dir {config.StateDirectory}: {failure.Message}", failure);
        }
        catch (System.Security.Cryptography.CryptographicException failure)
        {
            throw new FleetStartException($"cannot use the TLS files for etcd or the API: {failure.Message}", failure);
        }

        server._watching = Task.WhenAll(server._mirror.RunAsync(server._stopWatches.Token), server._watch.RunAsync(server._stopWatches.Token));
        server.Completion = server.RunAsync(server._stopLoops.Token);
        return server;
    }

    public Task AnswerAsync(HttpContext http) => _api.AnswerAsync(http);

    /// <summary>Returns when it is registered and the store answers, which is when the API does not refuse; or after <paramref name="atMost"/>.</summary>
    public async Task WaitUntilServingAsync(TimeSpan atMost, CancellationToken cancel)
    {
        var late = Task.Delay(atMost, _time, cancel);
        await Task.WhenAny(_registered.Task, late, Completion);
        while (!_watch.IsLive && !late.IsCompleted && !Completion.IsCompleted)
        {
            var changed = _watch.Changed;
            if (!_watch.IsLive)
            {
                await Task.WhenAny(changed, late, Completion);
            }
        }
    }

    public ValueTask DisposeAsync() => new(StopAsync(LeaveMode.Keep));

    /// <summary>A graceful end.</summary>
    public async Task StopAsync(LeaveMode mode)
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        await _stopLoops.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using (var limit = new CancellationTokenSource(_longestPurge, _time))
        {
            await LeaveAsync(mode, limit.Token);
        }

        await _stopWatches.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _publisher.Dispose();
        _containers.Dispose();
        _forwarder.Dispose();
        _http.Dispose();
        _stopLoops.Dispose();
        _stopWatches.Dispose();
    }

    /// <summary>What this machine believes of its units: SIGUSR1's answer, under the original's names.</summary>
    public string DumpState()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("Agent");
            json.WriteStartObject("Cache");
            foreach (var (name, unit) in _units.Current)
            {
                json.WriteString(name, unit.IsLaunched ? "launched" : "loaded");
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("UnitStateGenerator");
            json.WriteStartArray("Subscribed");
            foreach (string name in _units.Current.Keys)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteString("MachineID", _machine.Id);
            json.WriteBoolean("Registered", _presence.IsRegistered);
            json.WriteBoolean("EtcdAnswers", _watch.IsLive);
            json.WriteString("Leader", _lease.Holder?.MachineId);
            json.WriteString("Orders", _watch.Orders.GetType().Name);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private async Task<bool> IsAvailableAsync(TimeSpan patience, CancellationToken cancel) =>
        _presence.IsRegistered && _watch.IsLive && await _registry.WaitUntilLiveAsync(patience * 3, cancel);

    private async Task RunAsync(CancellationToken stop)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stop);
        List<Task> parts =
        [
            _watching,
            _presence.RunAsync(
                async cancel =>
                {
                    await _publisher.ForgetAsync(cancel);
                    _registered.TrySetResult();
                },
                together.Token),
            RunWhenAsync(_registered.Task, _agent.RunAsync, together.Token),
            RunWhenAsync(_registered.Task, _publisher.RunAsync, together.Token),
            _containers.RunAsync(together.Token),
            RunWhenAsync(_registered.Task, _engine.RunAsync, together.Token),
        ];

        // No part ends by itself: the first to end failed, or all are told to.
        var first = await Task.WhenAny(parts);
        await together.CancelAsync();
        await Task.WhenAll(parts.Skip(1)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    private async Task LeaveAsync(LeaveMode mode, CancellationToken cancel)
    {
        try
        {
            if (mode == LeaveMode.Purge)
            {
                await PurgeUnitsAsync(cancel);
                if (_presence.IsRegistered)
                {
                    await _registry.RemoveMachineAsync(_machine.Id, cancel);
                }
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

    private static EtcdHttpClient Connect(FleetConfig config, Action<EtcdRequest, Uri>? onRequest) => new(new()
    {
        OnRequest = onRequest,
        Endpoints = config.EtcdServers,
        EndpointTimeout = config.EtcdRequestTimeout,
        Username = config.EtcdUsername,
        Password = config.EtcdPassword,
        CaFile = config.EtcdCaFile,
        CertFile = config.EtcdCertFile,
        KeyFile = config.EtcdKeyFile,
    });
}
