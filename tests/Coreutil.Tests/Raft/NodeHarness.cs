using Coreutil.Raft;

namespace Coreutil.Tests.Raft;

/// <summary>A shell without disk or network: what is due is done at once, and what is sent is returned.</summary>
internal static class NodeHarness
{
    public static NodeId Id(ulong value) => new(value);

    public static RaftNode Node(ulong id, int members, RaftConfig? config = null, HardState? state = null, IEnumerable<Entry>? log = null) => new(
        (config ?? new RaftConfig(Id(id))) with { Id = Id(id) },
        new Random((int)id),
        state ?? HardState.Initial,
        new SnapshotMetadata(default, MemberSet.Of(Enumerable.Range(1, members).Select(member => Id((ulong)member)))),
        log ?? []);

    /// <summary>Entries 1.. of the given terms.</summary>
    public static Entry[] Log(params ulong[] terms) => [.. terms.Select((term, at) => Command((ulong)at + 1, term))];

    public static Entry Command(ulong index, ulong term) => new(index, term, EntryKind.Command, new byte[] { (byte)index, (byte)term });

    /// <summary>A member that was elected in the term after that of its last entry or of <paramref name="term"/>; its first entry is under way.</summary>
    public static RaftNode Leader(int members, IEnumerable<Entry>? log = null, ulong term = 0, RaftConfig? config = null)
    {
        Entry[] entries = [.. log ?? []];
        var node = Node(1, members, config, new HardState(Math.Max(term, entries.LastOrDefault()?.Term ?? 0), null, 0), entries);
        node.Campaign();
        node.Turn();
        for (ulong voter = 2; voter <= (ulong)members; voter++)
        {
            node.Step(new Message.AnswerVote(Id(voter), Id(1), node.Term + 1, IsPreVote: true, IsGranted: true, default));
        }

        node.Turn();
        for (ulong voter = 2; voter <= (ulong)members; voter++)
        {
            node.Step(new Message.AnswerVote(Id(voter), Id(1), node.Term, IsPreVote: false, IsGranted: true, default));
        }

        Assert.Equal(RaftRole.Leader, node.Role);
        return node;
    }

    /// <summary>The follower holds what the leader has so far.</summary>
    public static void Acknowledge(this RaftNode leader, ulong from, ulong index) =>
        leader.Step(new Message.AnswerAppend(Id(from), leader.Id, leader.Term, index, IsRejected: false, default));

    /// <summary>Does all that is due; what was sent.</summary>
    public static List<Message> Turn(this RaftNode node) => node.Turn(out _, out _);

    public static List<Message> Turn(this RaftNode node, out List<Entry> applied, out List<ReadState> reads)
    {
        var sent = new List<Message>();
        applied = [];
        reads = [];
        for (var ready = node.TakeReady(); !ready.IsEmpty; ready = node.TakeReady())
        {
            sent.AddRange(ready.MessagesBeforePersist);
            sent.AddRange(ready.MessagesAfterPersist);
            foreach (var entry in ready.Committed)
            {
                applied.Add(entry);
                if (entry.Kind == EntryKind.MembershipChange)
                {
                    node.ApplyMembershipChange(MembershipChange.Decode(entry.Payload));
                }
            }

            node.Advance(ready);
            reads.AddRange(ready.Reads);
        }

        return sent;
    }

    public static void Ticks(this RaftNode node, int count)
    {
        for (int tick = 0; tick < count; tick++)
        {
            node.Tick();
        }
    }

    public static ulong[] Terms(this RaftNode node) => [.. Enumerable.Range(1, (int)node.LastEntry.Index).Select(index => node.TermAt((ulong)index)!.Value)];

    /// <summary>Carries messages among the members until none is left.</summary>
    public static void Settle(IReadOnlyList<RaftNode> nodes, Func<Message, bool>? isLost = null)
    {
        for (bool isBusy = true; isBusy;)
        {
            isBusy = false;
            foreach (var message in nodes.SelectMany(node => node.Turn()).Where(message => isLost?.Invoke(message) != true).ToList())
            {
                isBusy = true;
                nodes.FirstOrDefault(node => node.Id == message.To)?.Step(message);
            }
        }
    }
}
