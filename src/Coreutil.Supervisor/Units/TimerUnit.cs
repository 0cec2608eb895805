using System.Collections.Immutable;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor.Units;

/// <summary>Starts its unit at times: after something (monotonic) and by the calendar.</summary>
public sealed class TimerUnit : TriggerUnit
{
    private readonly OneShotTimer _timer;
    private readonly string _stampFile;
    private readonly HashSet<int> _spent = [];
    private DateTimeOffset _activeSince;
    private DateTimeOffset? _lastTrigger;
    private DateTimeOffset _startup;

    public TimerUnit(UnitDefinition definition, TriggerHost host)
        : base(definition, host)
    {
        _timer = new(host.Time, host.Post, Elapse);
        _startup = host.Startup;
        _stampFile = Path.Combine(host.StateDirectory, "run", $"stamp-{definition.Name}");
    }

    /// <summary>When it starts its unit next; null when it does not.</summary>
    public DateTimeOffset? NextElapse { get; private set; }

    /// <summary>When each of its lines is due next, in their order; as it was when it began to wait.</summary>
    public ImmutableArray<DateTimeOffset?> NextOfDelays { get; private set; } = [];

    public ImmutableArray<DateTimeOffset?> NextOfCalendar { get; private set; } = [];

    public DateTimeOffset? LastTrigger => _lastTrigger;

    public DateTimeOffset Clock => Now;

    public override void Stop(bool isRestart)
    {
        Arm(null);
        (NextOfDelays, NextOfCalendar) = ([], []);
        Leave();
    }

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if (Sub is "waiting" or "elapsed" || (Sub == "running" && triggered.IsIdle))
        {
            EnterWaiting();
        }
    }

    public override void Forget()
    {
        Arm(null);
        File.Delete(_stampFile);
    }

    protected override void Activate()
    {
        _activeSince = Now;
        _spent.Clear();
        _lastTrigger = Settings.IsPersistent && File.Exists(_stampFile) ? new DateTimeOffset(File.GetLastWriteTimeUtc(_stampFile)) : null;
        if (_lastTrigger is null)
        {
            Stamp();
        }

        EnterWaiting();
    }

    protected override TriggerMemory RememberMore(TriggerMemory memory) =>
        memory with { ActiveSince = _activeSince, LastTrigger = _lastTrigger, Startup = _startup, Spent = [.. _spent.Order()] };

    protected override void Resume(TriggerMemory memory)
    {
        (_activeSince, _lastTrigger, _startup) = (memory.ActiveSince, memory.LastTrigger, memory.Startup);
        _spent.UnionWith(memory.Spent);
        if (Sub is "waiting" or "elapsed")
        {
            EnterWaiting();
        }
    }

    private TimerSettings Settings => Definition.Timer!;

    protected override void WaitAnew() => EnterWaiting();

    private void EnterWaiting()
    {
        NextOfDelays = [.. Settings.Delays.Select(NextOf)];
        NextOfCalendar = [.. Settings.Calendar.Select(spec => spec.Next(_lastTrigger is { } last && Settings.IsPersistent ? last : Now))];
        if (NextOfDelays.Concat(NextOfCalendar).Min() is not { } next)
        {
            Arm(null);
            Enter(Settings.RemainsAfterElapse || !IsTriggeredIdle(Settings.Unit) ? "elapsed" : "dead");
            return;
        }

        Arm(next + (Settings.RandomizedDelay * Random.Shared.NextDouble()));
        Enter("waiting");
    }

    private DateTimeOffset? NextOf((TimerBase Base, TimeSpan Delay) line, int index)
    {
        var triggered = Host.Find(Settings.Unit);
        DateTimeOffset? begin = line.Base switch
        {
            TimerBase.Active => _activeSince,
            TimerBase.Boot or TimerBase.Startup => _startup,
            TimerBase.UnitActive => Latest(triggered?.LastActive, _lastTrigger),
            _ => Latest(triggered?.LastInactive, _lastTrigger),
        };
        bool isOnce = line.Base is TimerBase.Active or TimerBase.Boot or TimerBase.Startup;
        if (begin is not { } from || _spent.Contains(index))
        {
            return null;
        }

        var next = from + line.Delay;
        if (isOnce && _lastTrigger is not null && next <= Now)
        {
            _spent.Add(index);
            return null;
        }

        return next;
    }

    private void Elapse()
    {
        _lastTrigger = Now;
        Stamp();
        NextElapse = null;
        Start(Settings.Unit);
    }

    /// <summary>Persistent=: when it last elapsed is the time of a file.</summary>
    private void Stamp()
    {
        try
        {
            if (Settings.IsPersistent)
            {
                File.WriteAllText(_stampFile, "");
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Report($"Failed to touch {_stampFile}, ignoring: {SystemError.TextOf(failure)}", Priorities.Warning);
        }
    }

    private void Arm(DateTimeOffset? next)
    {
        NextElapse = next;
        _timer.Arm(next);
    }

    private static DateTimeOffset? Latest(DateTimeOffset? left, DateTimeOffset? right) =>
        left is null ? right : right is null ? left : left > right ? left : right;
}
