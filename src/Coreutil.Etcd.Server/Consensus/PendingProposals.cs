using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>What became of a proposal, and where in the log.</summary>
internal sealed record ProposalResult(StoreOutcome Outcome, ulong RaftIndex, ulong RaftTerm);

/// <summary>Requests that wait for their entry to be applied, by the id that travels in the entry. Only the loop touches it.</summary>
internal sealed class PendingProposals(ulong firstId)
{
    private readonly Dictionary<ulong, TaskCompletionSource<ProposalResult>> _waiting = [];
    private ulong _nextId = firstId;

    public ulong Add(TaskCompletionSource<ProposalResult> waiting)
    {
        ulong id = _nextId++;
        _waiting.Add(id, waiting);
        return id;
    }

    public int Count => _waiting.Count;

    /// <summary>Tells whoever waits; entries of another life of this process have nobody.</summary>
    public void Complete(ulong id, ProposalResult result)
    {
        if (_waiting.Remove(id, out var waiting))
        {
            waiting.TrySetResult(result);
        }
    }

    public void FailAll(Exception cause)
    {
        foreach (var waiting in _waiting.Values)
        {
            waiting.TrySetException(cause);
        }

        _waiting.Clear();
    }
}
