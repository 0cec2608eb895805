using System.Collections.Immutable;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Resources;
using Coreutil.Confd.Watching;
using Coreutil.Core.ServiceManager;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd;

/// <summary>Keeps files rendered from keys: once, at an interval, or whenever the keys change.</summary>
public sealed class ConfdProcessor : IDisposable
{
    /// <summary>The exit code of a dry run with a diff that found something to change.</summary>
    public const int ChangesPending = 3;

    private static readonly TimeSpan _keyPoll = TimeSpan.FromMilliseconds(250);

    private readonly ConfdSettings _settings;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly TextWriter? _diff;
    private readonly ResourceCatalog _catalog;
    private readonly ConfigurationWatch _edits;

    /// <param name="settings">What to do.</param>
    /// <param name="log">The fixed texts.</param>
    /// <param name="time">Of all pauses.</param>
    /// <param name="diff">Takes what a dry run would change; null where nobody wants to see it.</param>
    public ConfdProcessor(ConfdSettings settings, ILogger log, TimeProvider time, TextWriter? diff = null)
    {
        _settings = settings;
        _log = log;
        _time = time;
        _diff = diff;
        _catalog = new ResourceCatalog(settings, log);
        _edits = new ConfigurationWatch(settings.ConfigDirectory, time);
    }

    /// <summary>conf.d is read again, and everything rendered: what SIGHUP asks for.</summary>
    public void Reload() => _edits.Ask();

    /// <summary>The exit code: 1 when the configuration is at fault or, in a single pass, a resource failed.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        _log.BackendSet(_settings.Backend);
        try
        {
            using var opened = await BackendFactory.OpenAsync(_settings, _log, _time, cancel);
            _log.Starting();
            _log.SourcesSet(string.Join(", ", _settings.Backend == "file" ? _settings.Files : opened.Sources));
            var status = new StatusBoard(_settings.Backend, _settings.StatusFile, _log, _time);
            var batch = new Batch(new ResourceRun(_settings, opened.Backend, _log, _time, _diff), _settings, _log, status);
            if (_settings.IsOneTime)
            {
                return await RunOnceAsync(batch, cancel);
            }

            await ServeAsync(batch, opened.Backend, status, cancel);
            return 0;
        }
        catch (ConfdException fault)
        {
            _log.Fatal(fault.Message);
            return 1;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            _log.Stopping();
            return 0;
        }
    }

    public void Dispose() => _edits.Dispose();

    /// <summary>Every resource is tried, in the order of the paths; one file that cannot be read stops all of them, as the original does.</summary>
    private async Task<int> RunOnceAsync(Batch batch, CancellationToken cancel)
    {
        ImmutableArray<ResourceFile> resources = [.. _catalog.LoadStrictly()];
        long start = _time.GetTimestamp();
        var result = await batch.RunAsync(resources, cancel);
        bool hasPending = result.HasPending;
        while (result.Failures.Any(failure => failure.MayPass) && _time.GetElapsedTime(start) < _settings.WaitForKeys)
        {
            _log.WaitingForKeys(result.Failures.First(failure => failure.MayPass).Message);
            await Task.Delay(_keyPoll, _time, cancel);
            result = await batch.RunAsync([.. result.Failures.Select(failure => failure.Resource).Distinct()], cancel);
            hasPending |= result.HasPending;
        }

        if (result.Failures is [.., var last])
        {
            _log.Fatal(last.Message);
            return 1;
        }

        return hasPending && _diff is not null ? ChangesPending : 0;
    }

    /// <summary>The long-running modes, with the metrics beside them: what ends one ends both.</summary>
    private async Task ServeAsync(Batch batch, IBackend backend, StatusBoard status, CancellationToken cancel)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var metrics = _settings.MetricsAddress is { } address ? MetricsServer.Listen(address, status, _log, _time) : null;
        Task[] tasks =
        [
            _settings.IsWatching ? WatchAsync(batch, backend, stopping.Token) : RepeatAsync(batch, stopping.Token),
            .. metrics is null ? Array.Empty<Task>() : [metrics.RunAsync(stopping.Token)],
        ];
        var first = await Task.WhenAny(tasks);
        await stopping.CancelAsync();
        await Task.WhenAll(tasks.Select(task => task.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
        await first;
    }

    /// <summary>Each pass reads conf.d and the templates anew; the pause starts after the pass, and being asked to reload ends it.</summary>
    private async Task RepeatAsync(Batch batch, CancellationToken cancel)
    {
        await batch.RunAsync(_catalog.Load(), cancel);
        TellReady();
        while (true)
        {
            await _edits.AskedWithinAsync(_settings.Interval, cancel);
            await batch.RunAsync(_catalog.Reload(), cancel);
        }
    }

    private async Task WatchAsync(Batch batch, IBackend backend, CancellationToken cancel)
    {
        _edits.Start();
        var resources = _catalog.Load();
        while (true)
        {
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var session = new WatchSession(resources, backend, batch, _settings.Wait, _log, _time, TellReady);
            var running = session.RunAsync(stopping.Token, cancel);
            try
            {
                while (await _edits.NextAsync(cancel) == ConfigurationChange.Templates)
                {
                    _log.TemplatesEdited(_settings.ConfigDirectory);
                    session.Touch();
                }

                _log.ReloadingResources(_settings.ConfigDirectory);
            }
            finally
            {
                // What is under way is finished first: a reload_cmd must not be cut off for an edit, nor left behind at the end.
                await stopping.CancelAsync();
                await running;
            }

            resources = _catalog.Reload();
        }
    }

    private void TellReady() => SystemdNotify.Send(_settings.Environment.GetValueOrDefault("NOTIFY_SOCKET"), "READY=1");
}
