namespace Coreutil.Raft;

/// <summary>How a leader sends to a member.</summary>
public enum ReplicationMode
{
    /// <summary>It is not known where the logs agree: one message at a time.</summary>
    Probe,

    /// <summary>The logs agree: messages follow each other without waiting, as far as the window goes.</summary>
    Replicate,

    /// <summary>What it needs is compacted: it gets a snapshot, and nothing else until that arrived or failed.</summary>
    Snapshot,
}

/// <summary>What a leader knows of another member (Raft figure 2, nextIndex and matchIndex; thesis §10.2.1 for the window).</summary>
internal sealed class Progress(NodeId id, ulong next)
{
    private readonly Queue<(ulong LastIndex, long Bytes)> _inflight = [];
    private long _inflightBytes;

    public NodeId Id => id;

    /// <summary>The logs agree through here, on that member's disk.</summary>
    public ulong Match { get; private set; }

    public ulong Next { get; private set; } = next;

    public ReplicationMode Mode { get; private set; } = ReplicationMode.Probe;

    /// <summary>It answered since the last check of the quorum.</summary>
    public bool IsActive { get; set; }

    /// <summary>A probe is under way.</summary>
    public bool IsProbeSent { get; private set; }

    /// <summary>An Append must go even without entries: only its answer tells whether something got lost.</summary>
    public bool IsAppendDue { get; set; }

    /// <summary>The commit index that went with the last Append.</summary>
    public ulong SentCommit { get; private set; }

    public ulong PendingSnapshot { get; private set; }

    /// <summary>The newest round of reads that it confirmed.</summary>
    public ulong ReadRound { get; set; }

    public bool IsPaused(RaftConfig config) => Mode switch
    {
        ReplicationMode.Probe => IsProbeSent,
        ReplicationMode.Replicate => _inflight.Count >= config.MaximumInflightMessages || _inflightBytes >= config.MaximumInflightBytes,
        _ => true,
    };

    public void OnSent(ulong lastIndex, long bytes, bool hasEntries, ulong commit)
    {
        IsAppendDue = false;
        SentCommit = commit;
        if (Mode == ReplicationMode.Probe)
        {
            IsProbeSent = true;
        }
        else if (hasEntries)
        {
            Next = lastIndex + 1;
            _inflight.Enqueue((lastIndex, bytes));
            _inflightBytes += bytes;
        }
    }

    public void OnSnapshotSent(ulong index)
    {
        Reset(ReplicationMode.Snapshot);
        PendingSnapshot = index;
    }

    /// <summary>Agreement through <paramref name="index"/> was acknowledged. False when that is no news.</summary>
    public bool OnAccepted(ulong index, ulong firstHeld)
    {
        bool isNews = index > Match;
        Match = Math.Max(Match, index);
        Next = Math.Max(Next, index + 1);
        while (_inflight.TryPeek(out var oldest) && oldest.LastIndex <= index)
        {
            _inflightBytes -= _inflight.Dequeue().Bytes;
        }

        if (Mode == ReplicationMode.Probe ? index >= Match : Mode == ReplicationMode.Snapshot && Match + 1 >= firstHeld && isNews)
        {
            Reset(ReplicationMode.Replicate);
            Next = Match + 1;
        }

        return isNews;
    }

    /// <summary>A rejection of what followed <paramref name="rejected"/>. False for one that was overtaken.</summary>
    public bool OnRejected(ulong rejected, ulong lastPossibleMatch)
    {
        if (Mode == ReplicationMode.Replicate)
        {
            if (rejected <= Match)
            {
                return false;
            }

            Reset(ReplicationMode.Probe);
            Next = Match + 1;
            return true;
        }

        if (Mode == ReplicationMode.Snapshot || Next - 1 != rejected)
        {
            return false;
        }

        Next = Math.Max(Math.Min(rejected, lastPossibleMatch + 1), Match + 1);
        IsProbeSent = false;
        return true;
    }

    /// <summary>It answers, so what is on the way is there or lost: look again where the logs agree.</summary>
    public void OnHeartbeatAnswered(ulong lastIndex, RaftConfig config)
    {
        IsProbeSent = false;
        if (Mode == ReplicationMode.Replicate && IsPaused(config) && _inflight.TryDequeue(out var oldest))
        {
            _inflightBytes -= oldest.Bytes;
        }

        IsAppendDue |= Match < lastIndex || Mode == ReplicationMode.Probe;
    }

    public void OnUnreachable()
    {
        if (Mode == ReplicationMode.Replicate)
        {
            Reset(ReplicationMode.Probe);
            Next = Match + 1;
        }
    }

    public void OnSnapshotReported(bool isInstalled)
    {
        if (Mode == ReplicationMode.Snapshot)
        {
            ulong pending = isInstalled ? PendingSnapshot : 0;
            Reset(ReplicationMode.Probe);
            Next = Math.Max(Match, pending) + 1;

            // Wait for a sign of life before sending again: a snapshot is expensive.
            IsProbeSent = true;
        }
    }

    private void Reset(ReplicationMode mode)
    {
        Mode = mode;
        IsProbeSent = false;
        PendingSnapshot = 0;
        _inflight.Clear();
        _inflightBytes = 0;
    }
}
