using Coreutil.Supervisor.Processes;
using Coreutil.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>
/// A device (systemd.device(5)): up while its path below /dev or /sys is there. A start waits for it as long as for a service, and fails at once where the
/// host can get no new ones.
/// </summary>
public sealed class DeviceUnit : SupervisedUnit
{
    /// <summary>DefaultTimeoutStartSec=, which systemd gives to the jobs of devices.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    private readonly TriggerHost _host;
    private readonly string _path;
    private readonly OneShotTimer _timer;
    private DateTimeOffset _changedAt;
    private bool _isThere;
    private JobResult? _given;

    public DeviceUnit(string name, string path, TriggerHost host)
        : base(new UnitDefinition { Name = name, Description = path, StartLimitInterval = TimeSpan.Zero })
    {
        (_host, _path, _changedAt, _isThere) = (host, path, host.Time.GetUtcNow(), Path.Exists(path));
        _timer = new(host.Time, host.Post, GiveUp);
    }

    /// <summary>The path a device unit stands for; null for other units.</summary>
    public static string? PathOf(string unit) =>
        UnitName.Suffix(unit) == "device" && $"/{UnitName.Unescape(UnitName.WithoutSuffix(unit))}" is var path
        && (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/sys/", StringComparison.Ordinal)) ? path : null;

    public override UnitState State => new("loaded", _isThere ? "active" : "inactive", _isThere ? "plugged" : "dead");

    public override DateTimeOffset ChangedAt => _changedAt;

    public override bool BelongsToHost => true;

    public override bool IsSupported => MountTable.IsWritable("/sys");

    public override JobResult? StartedWhileDown => _given;

    /// <summary>Looks whether it is there.</summary>
    public void Look()
    {
        if (Path.Exists(_path) != _isThere)
        {
            _timer.Arm(null);
            (_isThere, _changedAt) = (!_isThere, Now);
            NotePassage(State);
        }
    }

    public override void Stop(bool isRestart)
    {
    }

    public override void Forget() => _timer.Arm(null);

    protected override DateTimeOffset Now => _host.Time.GetUtcNow();

    protected override void Activate()
    {
        _given = null;
        _timer.Arm(Now + _patience);
    }

    private void GiveUp()
    {
        _given = JobResult.Timeout;
        Touched(this);
    }
}
