using System.Collections.Immutable;
using System.Threading.Channels;
using Coreutil.Confd.Resources;

namespace Coreutil.Confd.Watching;

/// <summary>
/// Resources that share a reload_cmd, and so share their runs: those that changed wait here until the next one. A change that arrives while a run is
/// under way leaves a notice for another, so none is lost.
/// </summary>
internal sealed class ResourceGroup(ImmutableArray<ResourceFile> resources, TimeProvider time)
{
    private readonly Channel<bool> _notices = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly HashSet<ResourceFile> _changed = new(ReferenceEqualityComparer.Instance);
    private readonly Lock _gate = new();

    public ImmutableArray<ResourceFile> Resources => resources;

    /// <summary>The most patient of the resources decides for all; null where none says anything.</summary>
    public WaitTimes? Wait { get; } = resources.Select(resource => resource.Wait).Aggregate((WaitTimes?)null, WaitTimes.Longer);

    /// <summary>Each by its reload_cmd; those without one are groups of their own.</summary>
    public static ImmutableArray<ResourceGroup> Create(IEnumerable<ResourceFile> resources, TimeProvider time) =>
    [
        .. resources
            .GroupBy(resource => resource.ReloadCommand.Length > 0 ? resource.ReloadCommand : "\0" + resource.Path, StringComparer.Ordinal)
            .Select(group => new ResourceGroup([.. group], time)),
    ];

    public void Tell(Func<ResourceFile, bool> isConcerned)
    {
        lock (_gate)
        {
            int before = _changed.Count;
            _changed.UnionWith(resources.Where(isConcerned));
            if (_changed.Count == before)
            {
                // Those concerned wait already, or none is.
                if (!resources.Any(resource => isConcerned(resource)))
                {
                    return;
                }
            }
        }

        _notices.Writer.TryWrite(true);
    }

    /// <summary>True when there is a notice before the time is up.</summary>
    public async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            await _notices.Reader.ReadAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Those that changed, and those given, in the order of their paths. From here on a change counts for the next run.</summary>
    public ImmutableArray<ResourceFile> Take(IEnumerable<ResourceFile> also)
    {
        lock (_gate)
        {
            _changed.UnionWith(also);
            ImmutableArray<ResourceFile> taken = [.. resources.Where(_changed.Contains)];
            _changed.Clear();
            return taken;
        }
    }
}
