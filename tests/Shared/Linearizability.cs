namespace Coreutil.Tests.Shared;

/// <summary>One operation as its client saw it. Times only have to order calls and returns among each other.</summary>
/// <param name="Returned">Null when the outcome is not known: it may take effect at any time after the call, or never.</param>
internal sealed record TimedOperation<TOperation>(TOperation Operation, long Called, long? Returned);

internal enum LinearizabilityVerdict
{
    Linearizable,
    NotLinearizable,

    /// <summary>The search was given up.</summary>
    Unknown,
}

/// <summary>
/// Is there an order of the operations that a single copy could have executed, and in which everything that returned before another was
/// called comes first? The search of Wing and Gong with Lowe's memory of states already seen; histories that concern separate objects should be checked
/// apart, because the search is exponential in what runs at the same time.
/// </summary>
/// <param name="step">The state after the operation; false when its outcome is not possible in that state.</param>
internal sealed class Linearizability<TState, TOperation>(Func<TState, TOperation, (bool IsPossible, TState Next)> step)
{
    private const int DefaultBudget = 20_000_000;

    public LinearizabilityVerdict Check(TState initial, IReadOnlyList<TimedOperation<TOperation>> history, long budget = DefaultBudget)
    {
        var head = Link(history, out int waiting);
        var seen = new HashSet<(Chosen, TState)>();
        var chosen = new Chosen(history.Count);
        var path = new Stack<(Event Event, TState Before)>();
        var state = initial;
        var current = head.Next;
        while (waiting > 0)
        {
            if (budget-- == 0)
            {
                return LinearizabilityVerdict.Unknown;
            }

            if (current is { IsReturn: false })
            {
                var (isPossible, next) = step(state, history[current.Operation].Operation);
                var candidate = isPossible ? chosen.With(current.Operation) : chosen;
                if (isPossible && seen.Add((candidate, next)))
                {
                    path.Push((current, state));
                    (state, chosen) = (next, candidate);
                    waiting -= current.Lift();
                    current = head.Next;
                }
                else
                {
                    current = current.Next;
                }
            }
            else if (path.TryPop(out var last))
            {
                // An operation returned that could not be placed, or there are no more: the last choice was wrong.
                waiting += last.Event.Unlift();
                chosen = chosen.Without(last.Event.Operation);
                state = last.Before;
                current = last.Event.Next;
            }
            else
            {
                return LinearizabilityVerdict.NotLinearizable;
            }
        }

        return LinearizabilityVerdict.Linearizable;
    }

    /// <summary>Calls and returns in the order of time; at the same time calls come first, which allows more.</summary>
    private static Event Link(IReadOnlyList<TimedOperation<TOperation>> history, out int waiting)
    {
        var events = new List<(long Time, Event Event)>(2 * history.Count);
        waiting = 0;
        for (int operation = 0; operation < history.Count; operation++)
        {
            var call = new Event(operation, isReturn: false);
            events.Add((history[operation].Called, call));
            if (history[operation].Returned is { } returned)
            {
                call.Return = new Event(operation, isReturn: true);
                events.Add((returned, call.Return));
                waiting++;
            }
        }

        var head = new Event(-1, isReturn: false);
        var tail = head;
        foreach (var (_, next) in events.OrderBy(entry => entry.Time).ThenBy(entry => entry.Event.IsReturn))
        {
            (tail.Next, next.Previous) = (next, tail);
            tail = next;
        }

        return head;
    }

    private sealed class Event(int operation, bool isReturn)
    {
        public int Operation => operation;

        public bool IsReturn => isReturn;

        public Event? Return { get; set; }

        public Event? Previous { get; set; }

        public Event? Next { get; set; }

        /// <summary>Takes a call and its return out of the list; how many returns that were.</summary>
        public int Lift()
        {
            Remove();
            Return?.Remove();
            return Return is null ? 0 : 1;
        }

        public int Unlift()
        {
            Return?.Restore();
            Restore();
            return Return is null ? 0 : 1;
        }

        private void Remove()
        {
            Previous!.Next = Next;
            if (Next is not null)
            {
                Next.Previous = Previous;
            }
        }

        private void Restore()
        {
            Previous!.Next = this;
            if (Next is not null)
            {
                Next.Previous = this;
            }
        }
    }

    /// <summary>A set of operations that compares by content.</summary>
    private readonly struct Chosen : IEquatable<Chosen>
    {
        private readonly ulong[] _bits;

        public Chosen(int count) => _bits = new ulong[(count + 63) / 64];

        private Chosen(ulong[] bits) => _bits = bits;

        public Chosen With(int operation) => Toggled(operation);

        public Chosen Without(int operation) => Toggled(operation);

        public bool Equals(Chosen other) => _bits.AsSpan().SequenceEqual(other._bits);

        public override bool Equals(object? obj) => obj is Chosen other && Equals(other);

        public override int GetHashCode()
        {
            ulong hash = 0;
            foreach (ulong word in _bits)
            {
                hash = (hash ^ word) * 0x9E37_79B9_7F4A_7C15;
            }

            return (int)(hash >> 32);
        }

        private Chosen Toggled(int operation)
        {
            ulong[] bits = [.. _bits];
            bits[operation / 64] ^= 1ul << (operation % 64);
            return new Chosen(bits);
        }
    }
}
