using System.Collections.Immutable;
using System.ComponentModel;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>Starts its unit when files appear or change.</summary>
public sealed class PathUnit(UnitDefinition definition, TriggerHost host, DescriptorWatch descriptors) : TriggerUnit(definition, host)
{
    private ImmutableArray<(PathWatch Watch, PathKind Kind)> _watches = [];

    /// <summary>Which of the paths whose changes count were there when it was looked at last.</summary>
    private ImmutableArray<bool> _existed = [];
    private ImmutableArray<string> _seen = [];

    public override void Stop(bool isRestart)
    {
        Unwatch();
        Leave();
    }

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if (Sub is "running" or "waiting" && triggered.IsStartLimitHit)
        {
            Unwatch();
            Enter("failed", ServiceResult.UnitStartLimitHit);
        }
        else if (!Host.HasJob(triggered.Name) && ((Sub == "running" && triggered.IsIdle) || (Sub == "waiting" && !triggered.IsIdle)))
        {
            // What its unit did to the paths is no change.
            EnterWaiting(countsChange: false);
        }
    }

    public override void Forget() => Unwatch();

    protected override void Activate()
    {
        if (Settings.MakesDirectory)
        {
            foreach (var (kind, path) in Settings.Watches)
            {
                string? directory = kind == PathKind.DirectoryNotEmpty ? path : Path.GetDirectoryName(path);
                if (directory is not null && kind != PathKind.ExistsGlob && !Directory.Exists(directory))
                {
                    MakeDirectories(directory);
                }
            }
        }

        EnterWaiting(countsChange: false);
    }

    private void MakeDirectories(string directory)
    {
        try
        {
            ListeningSocket.MakeDirectories(directory, (UnixFileMode)Settings.DirectoryMode);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // It waits for the directory then.
        }
    }

    protected override TriggerMemory RememberMore(TriggerMemory memory) => memory with { Stamps = _seen };

    /// <summary>What changed while nobody looked counts.</summary>
    protected override void Resume(TriggerMemory memory)
    {
        _seen = memory.Stamps;
        if (Sub == "waiting")
        {
            Host.Post(() =>
            {
                if (Sub == "waiting" && !Stamps().SequenceEqual(_seen))
                {
                    Trigger();
                }
                else if (Sub == "waiting")
                {
                    EnterWaiting(countsChange: false);
                }
            });
        }
    }

    protected override void WaitAnew() => EnterWaiting(countsChange: false);

    private PathSettings Settings => Definition.PathWatch!;

    /// <summary>Waits for the next time, unless it has come: that a path is there counts always, that it has come or gone only with <paramref name="countsChange"/>.</summary>
    private void EnterWaiting(bool countsChange)
    {
        if (!IsTriggeredIdle(Settings.Unit))
        {
            Unwatch();
            Enter("running");
            return;
        }

        if (HasCome(countsChange))
        {
            Trigger();
            return;
        }

        try
        {
            Watch();
        }
        catch (Win32Exception refused)
        {
            Unwatch();
            Report($"Failed to enter waiting state: {refused.Message}", Priorities.Warning);
            Enter("failed", ServiceResult.Resources);
            return;
        }

        // It may have come between the look and the watch.
        if (HasCome(countsChange))
        {
            Trigger();
            return;
        }

        _seen = Stamps();
        Enter("waiting");
    }

    private void Watch()
    {
        Unwatch();
        foreach (var (kind, path) in Settings.Watches)
        {
            var watch = new PathWatch(path, EventsOf(kind));
            _watches = _watches.Add((watch, kind));
            descriptors.Watch(watch.Descriptor, () => Host.Post(() => OnEvents(watch, kind)));
        }
    }

    private void Unwatch()
    {
        foreach (var (watch, _) in _watches)
        {
            descriptors.Unwatch(watch.Descriptor);
            watch.Dispose();
        }

        _watches = [];
    }

    private void OnEvents(PathWatch watch, PathKind kind)
    {
        if (!_watches.Contains((watch, kind)))
        {
            return;
        }

        if (watch.TakeEvents() && kind is PathKind.Changed or PathKind.Modified)
        {
            Trigger();
        }
        else
        {
            EnterWaiting(countsChange: true);
        }
    }

    private void Trigger()
    {
        Unwatch();
        Start(Settings.Unit);
    }

    /// <summary>As systemd's path units watch (inotify(7)): a change counts when the writer closes the file, a modification at once.</summary>
    private static uint EventsOf(PathKind kind)
    {
        const uint itself = PathWatch.SelfDeleted | PathWatch.SelfMoved | PathWatch.AttributesChanged;
        const uint changes = itself | PathWatch.WritingEnded | PathWatch.Created | PathWatch.Deleted | PathWatch.MovedOut | PathWatch.MovedIn;
        return kind switch
        {
            PathKind.Changed => changes,
            PathKind.Modified => changes | PathWatch.Modified,
            PathKind.DirectoryNotEmpty => itself | PathWatch.Created | PathWatch.MovedIn,
            _ => itself,
        };
    }

    private bool HasCome(bool countsChange)
    {
        ImmutableArray<bool> exist = [.. ChangingPaths.Select(Path.Exists)];
        bool hasChanged = countsChange && !exist.SequenceEqual(_existed);
        _existed = exist;
        return hasChanged || Settings.Watches.Any(IsThere);
    }

    private IEnumerable<string> ChangingPaths => Settings.Watches.Where(watch => watch.Kind is PathKind.Changed or PathKind.Modified).Select(watch => watch.Path);

    private static bool IsThere((PathKind Kind, string Path) watch) => watch.Kind switch
    {
        PathKind.Exists => Path.Exists(watch.Path),
        PathKind.ExistsGlob => HostPaths.Matching(watch.Path).Length > 0,
        PathKind.DirectoryNotEmpty => HostPaths.Entries(watch.Path).Length > 0,
        _ => false,
    };

    /// <summary>What tells one content of a watched path from another, for the next unitd.</summary>
    private ImmutableArray<string> Stamps() => [.. ChangingPaths.Select(StampOf)];

    private static string StampOf(string path)
    {
        FileSystemInfo file = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {(file as FileInfo)?.Length} {file.UnixFileMode}" : "";
    }
}
