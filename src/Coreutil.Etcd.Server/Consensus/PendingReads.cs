using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>
/// Linearizable reads on their way: gathered, asked for under one id, confirmed at an index, done when that is applied. A request that got lost with a
/// leader is asked again under a new id, since reading twice is the same as once. Only the loop touches it.
/// </summary>
internal sealed class PendingReads(ulong firstId)
{
    private readonly List<Input.Read> _new = [];
    private readonly Dictionary<ulong, (List<Input.Read> Reads, long AskedAt)> _asked = [];
    private readonly List<(ulong Index, List<Input.Read> Reads)> _confirmed = [];
    private ulong _nextId = firstId;

    public void Add(Input.Read read) => _new.Add(read);

    /// <summary>Asks for all that were gathered, if a leader is known; else they stay.</summary>
    public void Ask(RaftNode node, long timestamp)
    {
        if (_new.Count > 0 && node.ReadIndex(_nextId))
        {
            _asked.Add(_nextId++, ([.. _new], timestamp));
            _new.Clear();
        }
    }

    public void OnConfirmed(ReadState confirmed)
    {
        if (_asked.Remove(confirmed.RequestId, out var asked))
        {
            _confirmed.Add((confirmed.Index, asked.Reads));
        }
    }

    public void OnApplied(ulong index)
    {
        for (int i = _confirmed.Count - 1; i >= 0; i--)
        {
            if (_confirmed[i].Index <= index)
            {
                foreach (var read in _confirmed[i].Reads)
                {
                    read.Waiting.TrySetResult();
                }

                _confirmed.RemoveAt(i);
            }
        }
    }

    /// <summary>Takes back what was asked before <paramref name="askedBefore"/>, to ask again, and forgets who gave up.</summary>
    public void Sweep(long askedBefore, long timestamp)
    {
        foreach (var (id, (reads, _)) in _asked.Where(entry => entry.Value.AskedAt < askedBefore).ToArray())
        {
            _asked.Remove(id);
            _new.AddRange(reads);
        }

        _new.RemoveAll(read => read.DeadlineTimestamp < timestamp);
    }

    public void FailAll(Exception cause)
    {
        foreach (var read in _new.Concat(_asked.Values.SelectMany(asked => asked.Reads)).Concat(_confirmed.SelectMany(confirmed => confirmed.Reads)))
        {
            read.Waiting.TrySetException(cause);
        }
    }
}
