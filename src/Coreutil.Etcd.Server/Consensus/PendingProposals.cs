using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>What became of a proposal, and where in the log.</summary>
internal sealed record ProposalResult(StoreOutcome Outcome, ulong RaftIndex, ulong RaftTerm)
{
    /// <summary>Of a change of members that was not made.</summary>
    public MembershipRefusal? MembershipRefusal { get; init; }
}

/// <summary>Requests that wait for their entry to be applied, by the id that travels in the entry. Only the loop touches it.</summary>
internal sealed class PendingProposals
{
    private readonly Dictionary<ulong, Input.Propose> _waiting = [];

    public int Count => _waiting.Count;

    public void Add(Input.Propose proposal) => _waiting.Add(proposal.Id, proposal);

    /// <summary>Tells whoever waits; entries of another life of this process have nobody.</summary>
    public void Complete(ulong id, ProposalResult result)
    {
        if (_waiting.Remove(id, out var proposal))
        {
            proposal.Waiting.TrySetResult(result);
        }
    }

    /// <summary>Forgets who gave up waiting: their entry may never come.</summary>
    public void DropExpired(long timestamp)
    {
        foreach (var (id, _) in _waiting.Where(entry => entry.Value.DeadlineTimestamp < timestamp).ToArray())
        {
            _waiting.Remove(id);
        }
    }

    public void FailAll(Exception cause)
    {
        foreach (var proposal in _waiting.Values)
        {
            proposal.Waiting.TrySetException(cause);
        }

        _waiting.Clear();
    }
}
