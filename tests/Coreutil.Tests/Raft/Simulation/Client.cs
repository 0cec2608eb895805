using Coreutil.Tests.Shared;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>
/// A client: one operation at a time, at any member. What is not answered in time may or may not have happened; what was refused has not.
/// </summary>
internal sealed class Client(World world, int number, int operations)
{
    private RegisterOperation? _current;
    private long _called;
    private int _left = operations;

    public List<TimedOperation<RegisterOperation>> History { get; } = [];

    public bool IsDone => _left == 0 && _current is null;

    public RegisterOperation? Current => _current;

    public void Start(SeededRandom random, Func<RegisterOperation, bool> send)
    {
        if (_current is not null || _left == 0)
        {
            return;
        }

        _left--;
        long id = world.NextOperationId();
        int key = random.Next(world.Plan.KeysUsed);
        var action = random.Of(RegisterAction.Read, RegisterAction.Read, RegisterAction.Write, RegisterAction.Write, RegisterAction.CompareAndSwap);
        _current = new RegisterOperation(id, action, key, Value: id, Expected: LastSeen(key), Seen: null);
        _called = world.NextMoment();
        world.Trace($"client {number}: {_current}");
        if (!send(_current))
        {
            world.Trace($"client {number}: #{id} refused");
            _current = null;
        }
        else
        {
            world.At(world.Plan.PatienceTicks * World.Tick, new Event.ClientTimeout(number, id));
        }
    }

    public void OnAnswer(RegisterOperation answered)
    {
        if (_current?.Id == answered.Id)
        {
            world.Trace($"client {number}: #{answered.Id} saw {answered.Seen}");
            History.Add(new(answered, _called, world.NextMoment()));
            _current = null;
        }
    }

    public void OnTimeout(long operation)
    {
        if (_current?.Id == operation)
        {
            GiveUp();
        }
    }

    public void Stop()
    {
        GiveUp();
        _left = 0;
    }

    /// <summary>The outcome stays unknown; a read that nobody saw says nothing.</summary>
    private void GiveUp()
    {
        if (_current is { } open)
        {
            if (open.Action != RegisterAction.Read)
            {
                History.Add(new(open, _called, null));
            }

            _current = null;
        }
    }

    private long LastSeen(int key) => History.LastOrDefault(past => past.Operation.Key == key && past.Operation.Seen is not null)?.Operation.Seen ?? 0;
}
