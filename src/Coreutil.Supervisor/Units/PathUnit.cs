using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>
/// Starts its unit when files appear or change. The paths are looked at five times a second, which needs no watch that could be lost when a directory on
/// the way is replaced.
/// </summary>
public sealed class PathUnit : TriggerUnit
{
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(200);

    private readonly OneShotTimer _timer;
    private ImmutableArray<string> _seen = [];

    public PathUnit(UnitDefinition definition, TriggerHost host)
        : base(definition, host) => _timer = new(host.Time, host.Post, Look);

    public override void Stop(bool isRestart)
    {
        _timer.Arm(null);
        Leave();
    }

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if (Sub is "running" or "waiting" && triggered.IsStartLimitHit)
        {
            _timer.Arm(null);
            Enter("failed", ServiceResult.UnitStartLimitHit);
        }
        else if (!Host.HasJob(triggered.Name) && ((Sub == "running" && triggered.IsIdle) || (Sub == "waiting" && !triggered.IsIdle)))
        {
            EnterWaiting();
        }
    }

    public override void Forget() => _timer.Arm(null);

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

        EnterWaiting();
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
            _timer.Arm(Now);
        }
    }

    private PathSettings Settings => Definition.PathWatch!;

    private void EnterWaiting()
    {
        if (!IsTriggeredIdle(Settings.Unit))
        {
            _timer.Arm(null);
            Enter("running");
            return;
        }

        // What its unit did to the paths is no change; that one is there all the same counts, and then nobody sees it wait.
        _seen = Stamps();
        if (Settings.Watches.Any(IsThere))
        {
            Trigger();
            return;
        }

        if (Settings.Watches.Any(watch => HostPaths.IsBelowFile(watch.Path)))
        {
            Report($"Failed to enter waiting state: {SystemError.NotADirectory}", Priorities.Warning);
            Enter("failed", ServiceResult.Resources);
            return;
        }

        Enter("waiting");
        _timer.Arm(Now + _period);
    }

    private void Look()
    {
        var now = Stamps();
        bool isThere = Settings.Watches.Any(IsThere);
        bool hasChanged = !now.SequenceEqual(_seen);
        _seen = now;
        if (!isThere && !hasChanged)
        {
            _timer.Arm(Now + _period);
            return;
        }

        Trigger();
    }

    private void Trigger()
    {
        _timer.Arm(null);
        bool isStarted = Host.Start(Settings.Unit) is null;
        Enter(isStarted ? "running" : "failed", isStarted ? ServiceResult.Success : ServiceResult.Resources);
    }

    private static bool IsThere((PathKind Kind, string Path) watch) => watch.Kind switch
    {
        PathKind.Exists => Path.Exists(watch.Path),
        PathKind.ExistsGlob => HostPaths.Matching(watch.Path).Length > 0,
        PathKind.DirectoryNotEmpty => HostPaths.Entries(watch.Path).Length > 0,
        _ => false,
    };

    /// <summary>What tells one content of a watched path from another.</summary>
    private ImmutableArray<string> Stamps() =>
        [.. Settings.Watches.Where(watch => watch.Kind is PathKind.Changed or PathKind.Modified).Select(watch => StampOf(watch.Path))];

    private static string StampOf(string path)
    {
        FileSystemInfo file = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {(file as FileInfo)?.Length} {file.UnixFileMode}" : "";
    }
}
