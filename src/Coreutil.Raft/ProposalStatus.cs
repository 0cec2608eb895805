namespace Coreutil.Raft;

/// <summary>What became of a proposal at once. Only applying it says that it was committed.</summary>
public enum ProposalStatus
{
    /// <summary>This member leads and has it in its log.</summary>
    Appended,

    /// <summary>On its way to the leader, which may still refuse it without a word.</summary>
    Forwarded,

    NoLeader,

    /// <summary>The leader is handing over (thesis §3.10).</summary>
    LeadershipInTransfer,

    /// <summary>Too many bytes wait to be committed: ask again later.</summary>
    TooManyUncommitted,

    /// <summary>An earlier membership change, or the leader's first entry, is not applied yet (thesis §4.1).</summary>
    ChangePending,
}
