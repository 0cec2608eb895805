using System.Collections.Immutable;
using System.IO.Enumeration;

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
        Enter(IsActive ? "dead" : Sub);
    }

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if ((Sub == "running" && triggered.IsIdle) || (Sub == "waiting" && !triggered.IsIdle))
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
                    Directory.CreateDirectory(directory, (UnixFileMode)Settings.DirectoryMode);
                }
            }
        }

        _seen = Stamps();
        EnterWaiting();
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
            _seen = Stamps();
            Enter("running");
            return;
        }

        Enter("waiting");
        Look();
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

        _timer.Arm(null);
        bool isStarted = Host.Start(Settings.Unit) is null;
        Enter(isStarted ? "running" : "failed", isStarted ? Machine.ServiceResult.Success : Machine.ServiceResult.Resources);
    }

    private static bool IsThere((PathKind Kind, string Path) watch) => watch.Kind switch
    {
        PathKind.Exists => Path.Exists(watch.Path),
        PathKind.ExistsGlob => Path.GetDirectoryName(watch.Path) is { } directory && Directory.Exists(directory)
            && Directory.EnumerateFileSystemEntries(directory).Any(path => FileSystemName.MatchesSimpleExpression(Path.GetFileName(watch.Path), Path.GetFileName(path), ignoreCase: false)),
        PathKind.DirectoryNotEmpty => Directory.Exists(watch.Path) && Directory.EnumerateFileSystemEntries(watch.Path).Any(),
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
