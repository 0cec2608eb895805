using Coreutil.Fleet.Api;
using Coreutil.Units;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet;

/// <summary>
/// A machine of the fleet with its sockets: what fleetd and node run. A new configuration replaces the machine behind the sockets; a caller that
/// connects meanwhile waits a moment and is not refused.
/// </summary>
public sealed class FleetDaemon : IAsyncDisposable
{
    private readonly IUnitManager _manager;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly FileStream _lock;
    private readonly SemaphoreSlim _turn = new(1);
    private FleetConfig _config;
    private FleetApiServer? _sockets;
    private TaskCompletionSource<FleetServer> _server = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDisposed;

    private FleetDaemon(FleetConfig config, IUnitManager manager, FileStream locked, ILogger log, TimeProvider time) =>
        (_config, _manager, _lock, _log, _time) = (config, manager, locked, log, time);

    /// <summary>Opens the API, then starts everything else.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="manager">Who runs units on this machine.</param>
    /// <param name="prepare">Done when the API is open and before any unit is touched: a daemon that cannot listen must have started nothing.</param>
    /// <param name="log">Where it tells what it does.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends the start.</param>
    /// <exception cref="FleetStartException">It cannot start as configured.</exception>
    public static async Task<FleetDaemon> StartAsync(
        FleetConfig config, IUnitManager manager, Func<CancellationToken, Task> prepare, ILogger log, TimeProvider time, CancellationToken cancel)
    {
        var daemon = new FleetDaemon(config, manager, Lock(config.StateDirectory), log, time);
        try
        {
            TellIgnored(config, log);
            daemon._sockets = await FleetApiServer.StartAsync(config, daemon.AnswerAsync, log, cancel);
            await prepare(cancel);
            daemon._server.SetResult(FleetServer.Start(config, manager, log, time));
            return daemon;
        }
        catch (FleetStartException)
        {
            await daemon.CloseAsync();
            throw;
        }
    }

    /// <summary>Completes when a part of it failed in a way nobody foresaw.</summary>
    public async Task WaitForFailureAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            var replaced = _replaced.Task;
            var server = await _server.Task.WaitAsync(cancel);
            await Task.WhenAny(server.Completion, replaced).WaitAsync(cancel);
            if (!replaced.IsCompleted)
            {
                await server.Completion;
                return;
            }
        }
    }

    /// <summary>Goes on with another configuration. Units, the registration and, where they stay the same, the sockets are untouched.</summary>
    public async Task ReloadAsync(FleetConfig config, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            _log.RestartingComponents();
            TellIgnored(config, _log);
            config = KeepBound(config);
            var before = await _server.Task;
            _server = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _replaced.SetResult();
            _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await before.StopAsync(LeaveMode.Keep);
            config = await ReopenAsync(config, cancel);
            FleetServer after;
            try
            {
                after = FleetServer.Start(config, _manager, _log, _time);
            }
            catch (FleetStartException refused)
            {
                _log.ReloadRefused(refused.Message);
                config = await ReopenAsync(_config, cancel);
                after = FleetServer.Start(config, _manager, _log, _time);
            }

            // Whoever called meanwhile is not to be refused because the registration is a moment old.
            await after.WaitUntilServingAsync(3 * config.EtcdRequestTimeout, cancel);
            _server.SetResult(after);
            _config = config;
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task<string> DumpStateAsync() => (await _server.Task).DumpState();

    /// <summary>A graceful end: takes this machine's units down and out of the registry, or leaves all of it (leave_running).</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _turn.WaitAsync();
        if (_sockets is not null)
        {
            await _sockets.DisposeAsync();
            _sockets = null;
        }

        await (await _server.Task).StopAsync(_config.LeaveRunning ? LeaveMode.Keep : LeaveMode.Purge);
        await CloseAsync();
    }

    private async Task AnswerAsync(Microsoft.AspNetCore.Http.HttpContext http)
    {
        var server = await _server.Task.WaitAsync(http.RequestAborted);
        await server.AnswerAsync(http);
    }

    /// <summary>What this process is bound to stays as it runs: its lock, its unit manager and the units that this one knows.</summary>
    private FleetConfig KeepBound(FleetConfig config)
    {
        Tell("state_dir", _config.StateDirectory, config.StateDirectory);
        Tell("unit_manager", Word(_config.UnitManager), Word(config.UnitManager));
        Tell("systemd_user", Word(_config.SystemdUser), Word(config.SystemdUser));
        Tell("units_directory", _config.UnitsDirectory, config.UnitsDirectory);
        return config with
        {
            StateDirectory = _config.StateDirectory,
            UnitManager = _config.UnitManager,
            SystemdUser = _config.SystemdUser,
            UnitsDirectory = _config.UnitsDirectory,
        };

        static string Word<T>(T value) => $"{value}".ToLowerInvariant();

        void Tell(string option, string running, string configured)
        {
            if (running != configured)
            {
                _log.RestartNeeded(option, configured, running);
            }
        }
    }

    /// <summary>New sockets that cannot be had leave the old ones and their settings in place.</summary>
    private async Task<FleetConfig> ReopenAsync(FleetConfig config, CancellationToken cancel)
    {
        if (FleetApiServer.IsSame(_config, config))
        {
            return config;
        }

        await _sockets!.DisposeAsync();
        try
        {
            _sockets = await FleetApiServer.StartAsync(config, AnswerAsync, _log, cancel);
            return config;
        }
        catch (FleetStartException refused)
        {
            _log.ReloadRefused(refused.Message);
            var kept = config with
            {
                Listen = _config.Listen,
                TlsCertFile = _config.TlsCertFile,
                TlsKeyFile = _config.TlsKeyFile,
                TlsClientCaFile = _config.TlsClientCaFile,
            };
            _sockets = await FleetApiServer.StartAsync(kept, AnswerAsync, _log, cancel);
            return kept;
        }
    }

    private async Task CloseAsync()
    {
        if (_sockets is not null)
        {
            await _sockets.DisposeAsync();
        }

        await _lock.DisposeAsync();
        _turn.Dispose();
    }

    // Two daemons with one directory would each take the other's registration for its own.
    private static FileStream Lock(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            return new(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FleetStartException($"cannot use state_dir {directory}: {failure.Message}", failure);
        }
    }

    private static void TellIgnored(FleetConfig config, ILogger log)
    {
        foreach (string option in config.IgnoredOptions)
        {
            log.OptionIgnored(option);
        }
    }
}
