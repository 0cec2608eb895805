namespace Coreutil.Supervisor.Processes;

/// <summary>Holds a lock until it is disposed of, on the same thread.</summary>
internal sealed class HeldLock : IDisposable
{
    private readonly object _gate;

    public HeldLock(object gate)
    {
        Monitor.Enter(gate);
        _gate = gate;
    }

    public void Dispose() => Monitor.Exit(_gate);
}
