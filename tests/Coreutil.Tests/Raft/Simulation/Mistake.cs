namespace Coreutil.Tests.Raft.Simulation;

/// <summary>Known ways to get consensus wrong, made by the simulated shell, disk or wire: the core has no switch for any of them.</summary>
internal enum Mistake
{
    None,

    /// <summary>Raft figure 2: «updated on stable storage before responding to RPCs».</summary>
    AnswerBeforePersist,

    /// <summary>The leader takes its own entry for durable while the disk still works.</summary>
    CountOwnDiskBeforeSync,

    /// <summary>Raft §5.2: one vote a term, through a restart too.</summary>
    ForgetTheVote,

    /// <summary>The term alone is not worth a sync.</summary>
    ForgetTheTerm,

    /// <summary>Raft §5.4.1: the candidate's log is not compared.</summary>
    VoteForAnyLog,

    /// <summary>Raft §5.4.2, figure 8.</summary>
    CommitAnOldTermByCounting,

    /// <summary>Raft §5.3: an entry is applied once it is committed, not once it is there.</summary>
    ApplyBeforeCommit,

    /// <summary>Raft §5.3: the consistency check is passed whatever the log has.</summary>
    AcknowledgeAnyAppend,

    /// <summary>The disk replaces an entry and keeps those behind it.</summary>
    KeepWhatFollowedAReplacedEntry,

    /// <summary>Raft §7: «discards its entire log».</summary>
    KeepEntriesUnderAnInstalledSnapshot,

    /// <summary>A snapshot that is written while entries are applied holds more than its index says.</summary>
    ApplyDuringSnapshot,

    /// <summary>Thesis §5.1: the membership as of the snapshot's last entry belongs to it.</summary>
    SnapshotForgetsTheMembers,

    /// <summary>Thesis §6.4: a leader answers reads without asking whether it still leads.</summary>
    ReadWithoutQuorum,

    /// <summary>Thesis §6.4, step 4: wait until the state machine is there.</summary>
    ReadBeforeApplied,

    /// <summary>A request whose answer did not come is sent again.</summary>
    ProposeTwice,

    /// <summary>Commit by what was sent instead of by what was acknowledged.</summary>
    AcknowledgeWhatWasNotReceived,
}
