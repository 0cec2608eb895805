using System.Collections.Immutable;
using System.Threading.Channels;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Resources;
using Coreutil.Confd.Templates;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd;

/// <summary>Keeps files rendered from keys: once, at an interval, or whenever the keys change.</summary>
public sealed class ConfdProcessor(ConfdSettings settings, ILogger log, TimeProvider time)
{
    /// <summary>The first change is rendered at once; what follows within this time is gathered into one more run.</summary>
    private static readonly TimeSpan _gathering = TimeSpan.FromMilliseconds(100);

    /// <summary>The exit code: 1 when the configuration is at fault or, in a single pass, a resource failed.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        log.BackendSet(settings.Backend);
        try
        {
            using var backend = BackendFactory.Create(settings, time);
            log.Starting();
            log.SourcesSet(string.Join(", ", settings.Backend == "file" ? settings.Files : settings.Nodes));
            var run = new ResourceRun(settings, backend, log, time);
            if (settings.IsOneTime)
            {
                return await RunOnceAsync(run, cancel);
            }

            await (settings.IsWatching ? WatchAsync(run, backend, cancel) : RepeatAsync(run, cancel));
            return 0;
        }
        catch (ConfdException fault)
        {
            log.Fatal(fault.Message);
            return 1;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            log.Stopping();
            return 0;
        }
    }

    /// <summary>Every resource is tried, in the order of the paths; one file that cannot be read stops all of them, as the original does.</summary>
    private async Task<int> RunOnceAsync(ResourceRun run, CancellationToken cancel)
    {
        string? last = null;
        foreach (var resource in Find().Select(path => ResourceFile.Load(path, settings)).ToArray())
        {
            last = await TryRunAsync(run, resource, cancel) ?? last;
        }

        if (last is not null)
        {
            log.Fatal(last);
        }

        return last is null ? 0 : 1;
    }

    /// <summary>Each pass reads conf.d and the templates anew; the pause starts after the pass.</summary>
    private async Task RepeatAsync(ResourceRun run, CancellationToken cancel)
    {
        while (true)
        {
            foreach (var resource in LoadAll())
            {
                await TryRunAsync(run, resource, cancel);
            }

            await Task.Delay(settings.Interval, time, cancel);
        }
    }

    /// <summary>One watch for each common prefix, one loop for each resource; the first of them to fail for good ends the others.</summary>
    private async Task WatchAsync(ResourceRun run, IBackend backend, CancellationToken cancel)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var tasks = new List<Task>();
        foreach (var group in LoadAll().GroupBy(resource => CommonDirectory(resource.Keys), StringComparer.Ordinal))
        {
            var watched = group.Select(resource => new WatchedResource(resource)).ToImmutableArray();
            tasks.Add(PumpAsync(backend, group.Key, watched, stopping.Token));
            tasks.AddRange(watched.Select(resource => FollowAsync(run, resource, stopping.Token)));
        }

        // With nothing to render the program still stays, as a service should.
        tasks.Add(Task.Delay(Timeout.InfiniteTimeSpan, time, stopping.Token));
        try
        {
            await await Task.WhenAny(tasks);
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(tasks.Select(task => task.ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
        }
    }

    private async Task PumpAsync(IBackend backend, string prefix, ImmutableArray<WatchedResource> watched, CancellationToken cancel)
    {
        await foreach (var change in backend.WatchAsync(prefix, cancel))
        {
            if (change.Failure is { } failure)
            {
                log.Failed(failure);
            }

            foreach (var resource in watched.Where(resource => change.Concerns(resource.File.Keys)))
            {
                resource.Changes.Writer.TryWrite(true);
            }
        }
    }

    private async Task FollowAsync(ResourceRun run, WatchedResource resource, CancellationToken cancel)
    {
        await foreach (bool _ in resource.Changes.Reader.ReadAllAsync(cancel))
        {
            // A change that arrives from here on leaves a new notice: it is never lost.
            await TryRunAsync(run, resource.File, cancel);
            await Task.Delay(_gathering, time, cancel);
        }
    }

    private async Task<string?> TryRunAsync(ResourceRun run, ResourceFile resource, CancellationToken cancel)
    {
        try
        {
            await run.RunAsync(resource, cancel);
            return null;
        }
        catch (Exception failure) when (failure is ConfdException or TemplateException or IOException or UnauthorizedAccessException)
        {
            log.Failed(failure.Message);
            return failure.Message;
        }
    }

    /// <summary>One bad file is told and left out; it never stops a running program.</summary>
    private IEnumerable<ResourceFile> LoadAll()
    {
        foreach (string path in Find())
        {
            ResourceFile? resource = null;
            try
            {
                resource = ResourceFile.Load(path, settings);
            }
            catch (ConfdException bad)
            {
                log.Failed(bad.Message.Contains(path, StringComparison.Ordinal) ? bad.Message : $"{path}: {bad.Message}");
            }

            if (resource is not null)
            {
                yield return resource;
            }
        }
    }

    private string[] Find()
    {
        if (!Directory.Exists(settings.ConfigDirectory))
        {
            log.NoConfigDirectory(settings.ConfigDirectory);
            return [];
        }

        log.LoadingResources(settings.ConfigDirectory);
        string[] paths = [.. ResourceFile.Discover(settings.ConfigDirectory)];
        foreach (string path in paths)
        {
            log.FoundTemplate(path);
        }

        if (paths.Length == 0)
        {
            log.FoundNone();
        }

        return paths;
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

    /// <summary>At most one notice waits: it stands for all changes since the run that is under way began.</summary>
    private sealed class WatchedResource(ResourceFile file)
    {
        public ResourceFile File => file;

        public Channel<bool> Changes { get; } =
            Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    }
}
