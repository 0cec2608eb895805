using System.Collections.Immutable;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Resources;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd.Watching;

/// <summary>
/// The life of one reading of conf.d: a watch for each common prefix tells the groups what changed, and each group runs on its own. Nothing that goes
/// wrong with one watch or one resource ends another.
/// </summary>
internal sealed class WatchSession
{
    /// <summary>The first change is rendered at once; what follows within this time is gathered into one more run.</summary>
    private static readonly TimeSpan _gathering = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(60);

    private readonly ImmutableArray<ResourceGroup> _groups;
    private readonly IBackend _backend;
    private readonly Batch _batch;
    private readonly WaitTimes? _wait;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Action _onReady;
    private int _unready;

    /// <param name="resources">Of this reading.</param>
    /// <param name="backend">Watched for their keys.</param>
    /// <param name="batch">Runs them.</param>
    /// <param name="wait">For groups that do not say.</param>
    /// <param name="log">The fixed texts.</param>
    /// <param name="time">Of all pauses.</param>
    /// <param name="onReady">Called once, when each group was run for the first time.</param>
    public WatchSession(
        ImmutableArray<ResourceFile> resources, IBackend backend, Batch batch, WaitTimes? wait, ILogger log, TimeProvider time, Action onReady)
    {
        _groups = ResourceGroup.Create(resources, time);
        _backend = backend;
        _batch = batch;
        _wait = wait;
        _log = log;
        _time = time;
        _onReady = onReady;
        _unready = _groups.Length;
    }

    /// <summary>Every resource is to be rendered again, whatever its keys did: a template was edited.</summary>
    public void Touch()
    {
        foreach (var group in _groups)
        {
            group.Tell(_ => true);
        }
    }

    /// <summary>Ends when <paramref name="stopping"/> asks, after the runs that are under way; <paramref name="cancel"/> ends these too.</summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken cancel)
    {
        if (_groups.IsEmpty)
        {
            _onReady();
        }

        var prefixes = _groups.SelectMany(group => group.Resources).GroupBy(resource => CommonDirectory(resource.Keys), StringComparer.Ordinal);
        await Task.WhenAll(
            [.. prefixes.Select(prefix => PumpAsync(prefix.Key, [.. prefix], stopping)), .. _groups.Select(group => FollowAsync(group, stopping, cancel))]);
        cancel.ThrowIfCancellationRequested();
    }

    /// <summary>The deepest directory all keys share; a single key is watched itself.</summary>
    internal static string CommonDirectory(ImmutableArray<string> keys)
    {
        if (keys.IsEmpty)
        {
            return "/";
        }

        string[] common = keys[0].Split('/');
        foreach (string key in keys)
        {
            string[] terms = key.Split('/');
            int same = common.Zip(terms).TakeWhile(pair => pair.First == pair.Second).Count();
            common = common[..same];
        }

        string joined = string.Join('/', common);
        return joined.Length == 0 ? "/" : joined;
    }

    private static TimeSpan Longer(TimeSpan pause) => pause + pause < _longestPause ? pause + pause : _longestPause;

    private async Task PumpAsync(string prefix, ImmutableArray<ResourceFile> watched, CancellationToken stopping)
    {
        for (var pause = _firstPause; !stopping.IsCancellationRequested; pause = Longer(pause))
        {
            try
            {
                await foreach (var change in _backend.WatchAsync(prefix, stopping))
                {
                    if (change.Failure is { } failure)
                    {
                        _log.Failed(failure);
                        continue;
                    }

                    pause = _firstPause;
                    foreach (var group in _groups)
                    {
                        group.Tell(resource => watched.Contains(resource) && change.Concerns(resource.Keys));
                    }
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // The boundary of a watch: it is begun anew, and begins with everything.
            catch (Exception unforeseen)
#pragma warning restore CA1031
            {
                _log.Failed($"watch of {prefix}: {unforeseen.Message}");
            }

            await PauseAsync(pause, stopping);
        }
    }

    private async Task FollowAsync(ResourceGroup group, CancellationToken stopping, CancellationToken cancel)
    {
        ImmutableArray<ResourceFile> failed = [];
        var pause = _firstPause;
        bool isFirst = true;
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                // What failed is tried again although nothing changed: the cause may be gone.
                await group.WaitAsync(failed.IsEmpty ? Timeout.InfiniteTimeSpan : pause, stopping);
                if (!isFirst)
                {
                    await GatherAsync(group, stopping);
                }

                var result = await _batch.RunAsync(group.Take(failed), cancel);
                failed = [.. result.Failures.Select(failure => failure.Resource).Distinct()];
                pause = failed.IsEmpty ? _firstPause : isFirst ? pause : Longer(pause);
                if (isFirst && Interlocked.Decrement(ref _unready) == 0)
                {
                    _onReady();
                }

                isFirst = false;
                await PauseAsync((group.Wait ?? _wait) is null ? _gathering : TimeSpan.Zero, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to end: whoever asked looks at the token himself.
            return;
        }
    }

    /// <summary>Where it was asked for: until nothing has changed for the quiet time, but not for ever.</summary>
    private async Task GatherAsync(ResourceGroup group, CancellationToken stopping)
    {
        if ((group.Wait ?? _wait) is not { } wait)
        {
            return;
        }

        long start = _time.GetTimestamp();
        TimeSpan left;
        do
        {
            left = wait.Longest - _time.GetElapsedTime(start);
        }
        while (left > TimeSpan.Zero && await group.WaitAsync(left < wait.Quiet ? left : wait.Quiet, stopping));
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(pause, _time, stopping);
        }
        catch (OperationCanceledException)
        {
            // The loop around looks at the token.
            return;
        }
    }
}
