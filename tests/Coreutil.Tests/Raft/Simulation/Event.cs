using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>What is due at a time.</summary>
internal abstract record Event
{
    private Event()
    {
    }

    public sealed record Tick(NodeId Member, int Life) : Event;

    public sealed record Deliver(Message Message, RegisterSnapshot? Content, int SenderLife) : Event;

    public sealed record Synced(NodeId Member, int Life) : Event;

    public sealed record Saved(NodeId Member, int Life) : Event;

    public sealed record ReportSnapshot(NodeId Member, int Life, NodeId To, bool IsDelivered) : Event;

    public sealed record Restart(NodeId Member, int Life) : Event;

    public sealed record Strike(Fault Fault) : Event;

    public sealed record ClientTurn(int Client) : Event;

    public sealed record ClientTimeout(int Client, long Operation) : Event;
}
