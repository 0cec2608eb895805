using Coreutil.Raft;
using static Coreutil.Tests.Raft.NodeHarness;

namespace Coreutil.Tests.Raft;

/// <summary>Thesis §6.4: reads without a log entry.</summary>
public sealed class ReadIndexTests
{
    // Step 1: «if the leader has not yet marked an entry from its current term committed, it waits until it has done so».
    [Fact]
    public void A_new_leader_confirms_no_read_before_it_committed_in_its_term()
    {
        var leader = Leader(members: 3, Log(1, 1));
        leader.Turn();
        Assert.True(leader.ReadIndex(7));
        Assert.Empty(leader.Turn().OfType<Message.Heartbeat>());

        leader.Acknowledge(2, 3);
        var heartbeat = leader.Turn().OfType<Message.Heartbeat>().First();
        leader.Step(new Message.AnswerHeartbeat(Id(2), Id(1), leader.Term, heartbeat.ReadRound));
        leader.Turn(out _, out var reads);

        Assert.Equal(new ReadState(7, 3), Assert.Single(reads));
    }

    // Step 3: «the leader issues a new round of heartbeats and waits for their acknowledgements from a majority»; one round serves all that wait.
    [Fact]
    public void Many_reads_share_a_round_and_those_that_come_later_the_next()
    {
        var leader = Serving();
        leader.ReadIndex(1);
        leader.ReadIndex(2);
        Assert.Equal(2, leader.Turn().OfType<Message.Heartbeat>().Count());
        leader.ReadIndex(3);
        Assert.Empty(leader.Turn().OfType<Message.Heartbeat>());

        leader.Step(new Message.AnswerHeartbeat(Id(3), Id(1), leader.Term, 1));
        var sent = leader.Turn(out _, out var reads);

        Assert.Equal([1, 2], reads.Select(read => read.RequestId));
        Assert.All(sent.OfType<Message.Heartbeat>(), heartbeat => Assert.Equal(2ul, heartbeat.ReadRound));
    }

    [Fact]
    public void An_answer_to_an_earlier_heartbeat_confirms_nothing()
    {
        var leader = Serving();
        leader.ReadIndex(1);
        leader.Turn();
        leader.Step(new Message.AnswerHeartbeat(Id(3), Id(1), leader.Term, 0));
        leader.Turn(out _, out var reads);

        Assert.Empty(reads);
    }

    [Fact]
    public void A_follower_asks_the_leader()
    {
        RaftNode[] nodes = [Node(1, 3), Node(2, 3), Node(3, 3)];
        nodes[0].Campaign();
        Settle(nodes);
        Assert.True(nodes[2].ReadIndex(9));
        var request = Assert.Single(nodes[2].Turn());
        nodes[0].Step(request);
        var answers = new List<ReadState>();
        for (int turn = 0; turn < 5; turn++)
        {
            foreach (var node in nodes)
            {
                var sent = node.Turn(out _, out var reads);
                foreach (var message in sent)
                {
                    nodes[(int)message.To.Value - 1].Step(message);
                }

                answers.AddRange(node == nodes[2] ? reads : []);
            }
        }

        Assert.Equal(new ReadState(9, 1), Assert.Single(answers));
    }

    [Fact]
    public void Nobody_knows_without_a_leader() => Assert.False(Node(1, 3).ReadIndex(1));

    private static RaftNode Serving()
    {
        var leader = Leader(members: 3);
        leader.Turn();
        leader.Acknowledge(2, 1);
        leader.Turn();
        return leader;
    }
}
