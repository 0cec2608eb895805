using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>Carries messages: late, twice, not at all, or not in some direction.</summary>
internal sealed class Network(World world)
{
    private readonly HashSet<(NodeId From, NodeId To)> _cut = [];

    public void Cut(NodeId from, NodeId to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    public void Send(Message message, RegisterSnapshot? content, int senderLife, bool isHealed)
    {
        var (plan, random) = (world.Plan, world.Random);
        bool isLost = _cut.Contains((message.From, message.To)) || (!isHealed && random.Chance(plan.DropPercent));
        if (!isLost)
        {
            // The transport keeps the promise that a forwarded proposal arrives at most once.
            bool isTwice = !isHealed && message is not Message.Propose && random.Chance(plan.DuplicatePercent);
            for (int copy = isTwice ? 2 : 1; copy > 0; copy--)
            {
                int delay = 1 + random.Next(20) + (!isHealed && random.Chance(plan.LatePercent) ? random.Next(10 * World.Tick) : 0);
                world.At(delay, new Event.Deliver(message, content, senderLife));
            }
        }

        if (world.IsTracing)
        {
            world.Trace($"{message.From}->{message.To} {Describe(message)}{(isLost ? " LOST" : "")}");
        }

        if (content is not null)
        {
            world.At(isLost ? 5 * World.Tick : World.Tick, new Event.ReportSnapshot(message.From, senderLife, message.To, !isLost));
        }
    }

    private static string Describe(Message message) => message switch
    {
        Message.Append append => $"Append term {append.Term} after {append.Previous.Index}/{append.Previous.Term}: "
            + $"[{string.Join(' ', append.Entries.Select(entry => $"{entry.Index}/{entry.Term}"))}] commit {append.Commit}",
        Message.AnswerAppend answer => answer.IsRejected
            ? $"refuses {answer.Index} term {answer.Term} hint {answer.Hint.Index}/{answer.Hint.Term}" : $"has {answer.Index} term {answer.Term}",
        Message.Heartbeat heartbeat => $"Heartbeat term {heartbeat.Term} commit {heartbeat.Commit.Index}/{heartbeat.Commit.Term} round {heartbeat.ReadRound}",
        Message.AnswerHeartbeat answer => $"AnswerHeartbeat term {answer.Term} round {answer.ReadRound}",
        Message.RequestVote vote => $"{(vote.IsPreVote ? "RequestPreVote" : "RequestVote")} term {vote.Term} last {vote.LastEntry.Index}/{vote.LastEntry.Term}{(vote.IsTransfer ? " transfer" : "")}",
        Message.AnswerVote answer => $"{(answer.IsGranted ? "grants" : "refuses")} {(answer.IsPreVote ? "pre-vote" : "vote")} term {answer.Term}",
        Message.InstallSnapshot install => $"InstallSnapshot term {install.Term} at {install.Snapshot.Index}/{install.Snapshot.Position.Term}",
        Message.AnswerReadIndex answer => $"AnswerReadIndex {answer.Index}",
        _ => $"{message.GetType().Name} term {message.Term}",
    };
}
