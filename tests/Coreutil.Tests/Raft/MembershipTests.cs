using Coreutil.Raft;
using static Coreutil.Tests.Raft.NodeHarness;

namespace Coreutil.Tests.Raft;

/// <summary>Thesis §3.10 (transfer) and §4 (one change at a time, learners, a removed leader); src/Coreutil.Raft/README.md for when a change takes effect.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void A_change_takes_effect_when_it_is_applied()
    {
        var leader = Serving(members: 3);
        Assert.Equal(ProposalStatus.Appended, leader.ProposeMembership(new(MembershipChangeKind.AddVoter, Id(4))));
        leader.Turn();
        Assert.Equal(3, leader.Members.Voters.Length);

        leader.Acknowledge(2, 2);
        leader.Turn();

        Assert.Equal([Id(1), Id(2), Id(3), Id(4)], leader.Members.Voters);
    }

    // §4.1: «a leader is not allowed to append a new configuration entry until its last one has committed», nor before an entry of its own term (raft-dev, 2015).
    [Fact]
    public void Only_one_change_at_a_time()
    {
        var leader = Leader(members: 3);
        leader.Turn();
        Assert.Equal(ProposalStatus.ChangePending, leader.ProposeMembership(new(MembershipChangeKind.AddVoter, Id(4))));
        leader.Acknowledge(2, 1);
        leader.Turn();
        Assert.Equal(ProposalStatus.Appended, leader.ProposeMembership(new(MembershipChangeKind.AddVoter, Id(4))));
        leader.Turn();
        Assert.Equal(ProposalStatus.ChangePending, leader.ProposeMembership(new(MembershipChangeKind.AddVoter, Id(5))));
        leader.Acknowledge(2, 2);
        leader.Turn();
        Assert.Equal(ProposalStatus.Appended, leader.ProposeMembership(new(MembershipChangeKind.AddVoter, Id(5))));
    }

    // README.md, rule 2: whoever has the next change on its disk has the commit of the one before there too.
    [Fact]
    public void The_commit_index_goes_to_the_disk_with_the_entries()
    {
        var node = Node(2, members: 3, log: Log(1), state: new HardState(1, null, 0));
        node.Step(new Message.Append(Id(1), Id(2), 1, new LogPosition(1, 1), [Command(2, 1)], 1));

        Assert.Equal(1ul, node.TakeReady().HardState!.Commit);
    }

    [Fact]
    public void A_committed_change_is_known_to_the_disk_before_it_is_applied()
    {
        var change = new Entry(1, 1, EntryKind.MembershipChange, new MembershipChange(MembershipChangeKind.AddVoter, Id(4)).Encode());
        var node = Node(2, members: 3, log: [change], state: new HardState(1, null, 0));
        node.Step(new Message.Heartbeat(Id(1), Id(2), 1, change.Position, 0));

        var ready = node.TakeReady();

        Assert.Equal(change, Assert.Single(ready.Committed));
        Assert.Equal(1ul, ready.HardState!.Commit);
    }

    // README.md, rule 3.
    [Fact]
    public void Nobody_stands_before_it_applied_the_changes_it_knows_to_be_committed()
    {
        var change = new Entry(1, 1, EntryKind.MembershipChange, new MembershipChange(MembershipChangeKind.AddVoter, Id(4)).Encode());
        var node = Node(1, members: 3, log: [change], state: new HardState(1, null, 1));
        node.Campaign();
        Assert.Equal(RaftRole.Follower, node.Role);

        node.Turn();
        node.Campaign();

        Assert.Equal(RaftRole.PreCandidate, node.Role);
        Assert.Equal(3, node.Turn().OfType<Message.RequestVote>().Count());
    }

    // §4.2.1: «the new server joins the cluster as a non-voting member».
    [Fact]
    public void A_learner_receives_but_does_not_count_and_does_not_stand()
    {
        var members = new SnapshotMetadata(default, MemberSet.Of([Id(1), Id(2)], [Id(3)]));
        RaftNode Of(ulong id) => new(new RaftConfig(Id(id)), new Random((int)id), HardState.Initial, members, []);
        RaftNode[] nodes = [Of(1), Of(2), Of(3)];
        nodes[2].Ticks(100);
        Assert.Equal(RaftRole.Follower, nodes[2].Role);
        nodes[0].Campaign();
        Settle(nodes);
        nodes[0].Propose("x"u8.ToArray());

        Settle(nodes, message => message.To == Id(2));
        Assert.Equal((2ul, 1ul), (nodes[2].LastEntry.Index, nodes[0].CommitIndex));

        nodes[0].Step(new Message.AnswerHeartbeat(Id(2), Id(1), nodes[0].Term, 0));
        Settle(nodes);
        Assert.Equal(2ul, nodes[2].CommitIndex);
    }

    // §4.2.2: «a leader that is removed from the configuration steps down once the Cnew entry is committed»; here it names its heir.
    [Fact]
    public void A_removed_leader_steps_down_and_lets_the_most_complete_member_stand()
    {
        RaftNode[] nodes = [Node(1, 3), Node(2, 3), Node(3, 3)];
        nodes[0].Campaign();
        Settle(nodes);
        nodes[0].ProposeMembership(new(MembershipChangeKind.Remove, Id(1)));

        Settle(nodes);

        Assert.Equal(RaftRole.Follower, nodes[0].Role);
        Assert.Contains(nodes[1..], node => node.Role == RaftRole.Leader);
        Assert.All(nodes, node => Assert.Equal([Id(2), Id(3)], node.Members.Voters));
    }

    // Without this the last of two would wait for the vote of a removed member with the longer log.
    [Fact]
    public void A_candidate_learns_from_the_answers_what_is_committed()
    {
        var removal = new Entry(1, 1, EntryKind.MembershipChange, new MembershipChange(MembershipChangeKind.Remove, Id(2)).Encode());
        var node = Node(1, members: 2, log: [removal], state: new HardState(1, null, 0));
        var removed = Node(2, members: 2, log: [removal, Command(2, 1)], state: new HardState(1, null, 1));
        removed.Turn();
        node.Campaign();

        Settle([node, removed]);
        node.Ticks(20);
        Settle([node, removed]);

        Assert.Equal(RaftRole.Leader, node.Role);
        Assert.Equal([Id(1)], node.Members.Voters);
    }

    [Fact]
    public void The_last_voter_stays()
    {
        var members = MemberSet.Of([Id(1)], [Id(2)]);
        Assert.Equal(members, members.After(new(MembershipChangeKind.Remove, Id(1))));
        Assert.Equal(MemberSet.Of([Id(1), Id(2)]), members.After(new(MembershipChangeKind.AddVoter, Id(2))));
        Assert.Equal(MemberSet.Of([Id(1)]), members.After(new(MembershipChangeKind.Remove, Id(2))));
        Assert.Equal(members, members.After(new(MembershipChangeKind.AddLearner, Id(1))));
        Assert.Equal(members, members.After(new(MembershipChangeKind.Update, Id(1))));
    }

    [Fact]
    public void A_change_is_read_as_it_was_written()
    {
        var change = MembershipChange.Decode(new MembershipChange(MembershipChangeKind.AddLearner, Id(0xABC), "context"u8.ToArray()).Encode());

        Assert.Equal((MembershipChangeKind.AddLearner, Id(0xABC)), (change.Kind, change.Member));
        Assert.Equal("context"u8.ToArray(), change.Context.ToArray());
        Assert.Throws<RaftException>(() => MembershipChange.Decode(new byte[9]));
        Assert.Throws<RaftException>(() => MembershipChange.Decode(new byte[3]));
    }

    // §3.10: the target gets the whole log first, then it stands without waiting; no proposals meanwhile.
    [Fact]
    public void Leadership_goes_to_a_member_once_it_has_the_log()
    {
        var leader = Serving(members: 3);
        leader.Propose("x"u8.ToArray());
        leader.Turn();
        Assert.True(leader.TransferLeadership(Id(3)));
        Assert.Empty(leader.Turn().OfType<Message.TimeoutNow>());
        Assert.Equal(ProposalStatus.LeadershipInTransfer, leader.Propose("y"u8.ToArray()));

        leader.Acknowledge(3, 2);

        Assert.Equal(Id(3), Assert.Single(leader.Turn().OfType<Message.TimeoutNow>()).To);
    }

    // §3.10: «if the transfer does not complete after about an election timeout, the leader aborts it».
    [Fact]
    public void A_transfer_that_does_not_happen_is_given_up()
    {
        var leader = Serving(members: 3);
        leader.TransferLeadership(Id(3));
        for (int tick = 0; tick < 10; tick++)
        {
            leader.Tick();
            leader.Step(new Message.AnswerHeartbeat(Id(2), Id(1), leader.Term, 0));
        }

        Assert.Equal(ProposalStatus.Appended, leader.Propose("x"u8.ToArray()));
    }

    [Fact]
    public void A_transfer_takes_no_election_timeout()
    {
        RaftNode[] nodes = [Node(1, 3), Node(2, 3), Node(3, 3)];
        nodes[0].Campaign();
        Settle(nodes);
        nodes[0].TransferLeadership(Id(2));

        Settle(nodes);

        Assert.Equal(RaftRole.Leader, nodes[1].Role);
        Assert.All(nodes, node => Assert.Equal((2ul, Id(2)), (node.Term, node.Leader!.Value)));
    }

    [Theory]
    [InlineData(1)] // itself
    [InlineData(9)] // nobody
    public void Only_another_voter_can_take_over(ulong target) => Assert.False(Serving(members: 3).TransferLeadership(Id(target)));

    private static RaftNode Serving(int members)
    {
        var leader = Leader(members);
        leader.Turn();
        leader.Acknowledge(2, 1);
        leader.Turn();
        return leader;
    }
}
