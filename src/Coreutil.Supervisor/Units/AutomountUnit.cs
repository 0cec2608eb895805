using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>
/// Has its mount unit started when somebody comes by its directory, who waits meanwhile, and stopped when nobody has used the file system for TimeoutIdleSec=
/// (systemd.automount(5)).
/// </summary>
public sealed class AutomountUnit : TriggerUnit
{
    private readonly DescriptorWatch _watch;
    private readonly OneShotTimer _expiry;
    private readonly HashSet<uint> _awaitingMount = [];
    private readonly HashSet<uint> _awaitingUnmount = [];
    private AutofsMount? _autofs;

    public AutomountUnit(UnitDefinition definition, TriggerHost host, DescriptorWatch watch)
        : base(definition, host)
    {
        _watch = watch;
        _expiry = new(host.Time, host.Post, LookForIdle);
    }

    public override void Stop(bool isRestart)
    {
        Close();
        Leave();
    }

    public override void Forget() => Close();

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if (Sub is not ("waiting" or "running"))
        {
            return;
        }

        if (triggered.IsStartLimitHit)
        {
            Fail(ServiceResult.MountStartLimitHit);
        }
        else if (!Host.HasJob(triggered.Name))
        {
            Follow(triggered);
        }
    }

    public override void OnTriggeredJobEnded(SupervisedUnit triggered) => OnTriggeredChanged(triggered);

    protected override void Activate()
    {
        try
        {
            Directory.CreateDirectory(Settings.Where, (UnixFileMode)Settings.DirectoryMode);
            _autofs = AutofsMount.Mount(Settings.Where, Settings.ExtraOptions, Settings.IdleTimeout);
            Await();
            Enter("waiting");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Enter("failed", ServiceResult.Resources);
        }
    }

    protected override string? WhyNot() =>
        base.WhyNot() ?? (MountTable.IsMountPoint(Settings.Where) ? $"Path {Settings.Where} is already a mount point, refusing start." : null);

    protected override TriggerMemory RememberMore(TriggerMemory memory) =>
        memory with { Sockets = _autofs is { } autofs ? [autofs.Pipe] : [], AwaitingMount = [.. _awaitingMount], AwaitingUnmount = [.. _awaitingUnmount] };

    /// <summary>The same process goes on where it was. Another one asks the kernel for what waits there, and who waited for a dead one is let go.</summary>
    protected override void Resume(TriggerMemory memory)
    {
        if (Sub is not ("waiting" or "running"))
        {
            return;
        }

        try
        {
            if (Host.IsReexecuted)
            {
                _autofs = AutofsMount.Keep(Settings.Where, memory.Sockets[0], Settings.IdleTimeout);
                _awaitingMount.UnionWith(memory.AwaitingMount);
                _awaitingUnmount.UnionWith(memory.AwaitingUnmount);
            }
            else
            {
                _autofs = AutofsMount.TakeOver(Settings.Where, Settings.IdleTimeout);
            }

            Await();
            ArmExpiry();
        }
        catch (IOException)
        {
            Fail(ServiceResult.Resources);
        }
    }

    private AutomountSettings Settings => Definition.Automount!;

    private void Await() => _watch.Watch(_autofs!.Pipe, () => Host.Post(OnRequest));

    private void OnRequest()
    {
        if (_autofs is null)
        {
            return;
        }

        if (_autofs.TryRead() is not { } request)
        {
            Report("Got hangup/error on autofs pipe from kernel. Likely our automount point has been unmounted by someone or something else?", Priorities.Error);
            Fail(ServiceResult.Unmounted);
            return;
        }

        Await();
        (request.IsExpiry ? _awaitingUnmount : _awaitingMount).Add(request.Token);
        if (request.IsExpiry)
        {
            _expiry.Arm(null);
        }
        else
        {
            Report($"Got automount request for {Settings.Where}, triggered by {request.Process} ({ProcessIdentity.NameOf(request.Process)})");
        }

        string? refusal = request.IsExpiry ? Host.Stop(Settings.Mount) : Host.Start(Settings.Mount);
        if (refusal is not null)
        {
            Fail(ServiceResult.Resources);
        }
        else if (!request.IsExpiry)
        {
            Enter("running");
        }
    }

    private void Follow(SupervisedUnit mount)
    {
        if (mount.IsActive)
        {
            Answer(_awaitingMount, 0);
            Answer(_awaitingUnmount, AutofsMount.NoSuchDevice);
            Enter("running");
            ArmExpiry();
        }
        else if (mount.IsIdle)
        {
            Answer(_awaitingUnmount, mount.State.ActiveState == "failed" ? AutofsMount.NoSuchDevice : 0);
            Answer(_awaitingMount, AutofsMount.NoSuchDevice);
            _expiry.Arm(null);
            Enter("waiting");
        }
    }

    private void Answer(HashSet<uint> waiting, int error)
    {
        foreach (uint token in waiting)
        {
            _autofs?.Answer(token, error);
        }

        waiting.Clear();
    }

    // As often as systemd looks.
    private void ArmExpiry()
    {
        if (Sub == "running" && Settings.IdleTimeout is { } timeout)
        {
            _expiry.Arm(Now + TimeSpan.FromSeconds(Math.Max(1, timeout.TotalSeconds / 3)));
        }
    }

    private void LookForIdle()
    {
        if (_awaitingUnmount.Count == 0)
        {
            _autofs?.BeginExpiring();
        }

        ArmExpiry();
    }

    private void Fail(ServiceResult result)
    {
        Close();
        Enter("failed", result);
    }

    private void Close()
    {
        _expiry.Arm(null);
        if (_autofs is null)
        {
            return;
        }

        Answer(_awaitingMount, AutofsMount.HostDown);
        Answer(_awaitingUnmount, AutofsMount.HostDown);
        _watch.Unwatch(_autofs.Pipe);
        _autofs.Unmount();
        _autofs = null;
    }
}
