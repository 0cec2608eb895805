namespace Coreutil.Raft;

/// <summary>The rules by which a vote is given.</summary>
public static class Election
{
    /// <summary>RequestVote, receiver side (Raft §5.1, §5.2, §5.4.1). The caller persists the state, then replies.</summary>
    public static (HardState State, VoteReply Reply) OnVoteRequest(HardState state, LogPosition lastEntry, VoteRequest request)
    {
        if (request.Term < state.Term)
        {
            return (state, new(state.Term, Granted: false));
        }

        // A newer term clears our vote even when we go on to refuse this candidate.
        var next = request.Term > state.Term ? state with { Term = request.Term, VotedFor = null } : state;
        bool isFree = next.VotedFor is null || next.VotedFor == request.Candidate;
        bool granted = isFree && request.LastEntry.IsAtLeast(lastEntry);
        return (granted ? next with { VotedFor = request.Candidate } : next, new(next.Term, granted));
    }
}
