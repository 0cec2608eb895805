using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>What the loop is told, by requests, by peers and by the clock.</summary>
internal abstract record Input
{
    private Input()
    {
    }

    /// <param name="Id">Under which the outcome finds its way back.</param>
    public sealed record Propose(ulong Id, Proposal Proposal, TaskCompletionSource<ProposalResult> Waiting, long DeadlineTimestamp) : Input;

    /// <summary>A linearizable read: completes when what was committed before it is applied here.</summary>
    public sealed record Read(TaskCompletionSource Waiting, long DeadlineTimestamp) : Input;

    public sealed record Received(Message Message) : Input;

    /// <summary>All of a snapshot has come and is on the disk under its staged name.</summary>
    public sealed record SnapshotReceived(Message.InstallSnapshot Message, string StagedPath, TaskCompletionSource<bool> Waiting) : Input;

    public sealed record Unreachable(NodeId Member) : Input;

    /// <summary>Nothing listens at any of its addresses: its process has ended.</summary>
    public sealed record Gone(NodeId Member) : Input;

    public sealed record SnapshotSent(NodeId Member, bool IsDelivered) : Input;

    /// <summary>Another should lead from now on; false where nobody else could.</summary>
    public sealed record HandOver(TaskCompletionSource<bool> Begun) : Input;

    /// <summary>Only wakes the loop; what is due it knows itself.</summary>
    public sealed record Tick : Input
    {
        public static Tick Instance { get; } = new();
    }
}
