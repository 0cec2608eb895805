using Coreutil.Raft;
using static Coreutil.Tests.Raft.NodeHarness;

namespace Coreutil.Tests.Raft;

/// <summary>Raft §5.1, §5.2, §5.4.1; thesis §3.10, §4.2.3, §6.2, §9.6.</summary>
public sealed class ElectionTests
{
    [Fact]
    public void A_lone_member_leads_at_once_and_commits_only_after_its_sync()
    {
        var node = Node(1, members: 1);
        node.Campaign();
        Assert.Equal(RaftRole.Leader, node.Role);
        Assert.Equal(ProposalStatus.Appended, node.Propose("x"u8.ToArray()));

        var first = node.TakeReady();
        Assert.Equal(Id(1), first.HardState!.VotedFor);
        Assert.Equal([EntryKind.LeaderStart, EntryKind.Command], first.Entries.Select(entry => entry.Kind));
        Assert.Empty(first.Committed);
        node.Advance(first);

        var second = node.TakeReady();
        Assert.Equal(2, second.Committed.Length);
        Assert.Null(second.HardState);
        node.Advance(second);
        Assert.True(node.TakeReady().IsEmpty);
    }

    [Fact]
    public void A_restarted_member_hands_out_its_log_again()
    {
        var node = Node(1, members: 1, state: new HardState(1, Id(1), 1), log: Log(1, 1));
        node.Campaign();

        node.Turn(out var applied, out _);

        Assert.Equal([1, 2, 3], applied.Select(entry => entry.Index));
        Assert.Equal(2ul, node.Term);
    }

    // §5.2: «election timeouts are chosen randomly from a fixed interval».
    [Fact]
    public void The_election_timeout_is_random_between_one_and_two_of_the_set_one()
    {
        var timeouts = new HashSet<int>();
        for (int seed = 0; seed < 200; seed++)
        {
            var node = new RaftNode(new RaftConfig(Id(1)), new Random(seed), HardState.Initial, new SnapshotMetadata(default, MemberSet.Of([Id(1), Id(2)])), []);
            int ticks = 0;
            for (; node.Role == RaftRole.Follower; ticks++)
            {
                node.Tick();
            }

            timeouts.Add(ticks);
        }

        Assert.Equal(Enumerable.Range(10, 10), timeouts.Order());
    }

    // Thesis §9.6: a pre-vote enters no term, and asks for the next one.
    [Fact]
    public void A_timeout_asks_first_whether_an_election_could_be_won()
    {
        var node = Node(1, members: 3, state: new HardState(4, null, 0), log: Log(4));
        node.Ticks(20);

        var requests = node.Turn().Cast<Message.RequestVote>().ToList();

        Assert.Equal([Id(2), Id(3)], requests.Select(request => request.To));
        Assert.All(requests, request => Assert.Equal((5ul, true, new LogPosition(4, 1)), (request.Term, request.IsPreVote, request.LastEntry)));
        Assert.Equal((RaftRole.PreCandidate, 4ul), (node.Role, node.Term));
    }

    // §5.2: «a candidate wins an election if it receives votes from a majority».
    [Theory]
    [InlineData(3, 1, 0, RaftRole.Leader)]
    [InlineData(5, 2, 0, RaftRole.Leader)]
    [InlineData(5, 1, 0, RaftRole.Candidate)]
    [InlineData(5, 1, 3, RaftRole.Follower)]
    [InlineData(4, 1, 1, RaftRole.Candidate)]
    [InlineData(4, 2, 0, RaftRole.Leader)]
    [InlineData(4, 1, 2, RaftRole.Follower)]
    public void A_majority_of_votes_makes_a_leader_and_a_majority_of_refusals_a_follower(int members, int granted, int refused, object role)
    {
        var node = Node(1, members);
        node.Step(new Message.TimeoutNow(Id(2), Id(1), 1));
        node.Turn();
        for (int voter = 2; voter < 2 + granted + refused; voter++)
        {
            node.Step(new Message.AnswerVote(Id((ulong)voter), Id(1), 2, IsPreVote: false, IsGranted: voter < 2 + granted, default));
        }

        Assert.Equal((RaftRole)role, node.Role);
    }

    // Figure 2: the vote is on stable storage before the answer.
    [Fact]
    public void A_vote_leaves_after_it_is_persisted()
    {
        var node = Node(1, members: 3);
        node.Step(new Message.RequestVote(Id(2), Id(1), 3, default, IsPreVote: false, IsTransfer: false));

        var ready = node.TakeReady();

        Assert.Equal(new HardState(3, Id(2), 0), ready.HardState);
        Assert.Empty(ready.MessagesBeforePersist);
        Assert.Equal(new Message.AnswerVote(Id(1), Id(2), 3, IsPreVote: false, IsGranted: true, default), Assert.Single(ready.MessagesAfterPersist));
    }

    // §5.2: one vote a term; §5.1: an older term is refused.
    [Theory]
    [InlineData(3, 3, false)] // given to another already
    [InlineData(3, 2, true)] // the same candidate asks again
    [InlineData(2, 2, false)] // an older term
    [InlineData(4, 3, true)] // a newer term clears the vote
    public void A_vote_is_given_once_a_term(ulong term, ulong candidate, bool granted)
    {
        var node = Node(1, members: 3, state: new HardState(3, Id(2), 0));

        node.Step(new Message.RequestVote(Id(candidate), Id(1), term, default, IsPreVote: false, IsTransfer: false));

        Assert.Equal(granted, Assert.IsType<Message.AnswerVote>(Assert.Single(node.Turn())).IsGranted);
    }

    // §5.4.1: the voter denies its vote if its own log is more up-to-date than the candidate's.
    [Theory]
    [InlineData(2, 9, true)] // later term wins, however short the log
    [InlineData(2, 1, true)]
    [InlineData(1, 5, true)] // the same log
    [InlineData(1, 4, false)] // same term, shorter log
    [InlineData(0, 99, false)] // earlier term, longer log
    public void A_vote_and_a_pre_vote_go_only_to_a_log_at_least_as_up_to_date(ulong term, ulong index, bool granted)
    {
        foreach (bool isPreVote in (bool[])[false, true])
        {
            var node = Node(1, members: 3, state: new HardState(3, null, 0), log: Log(1, 1, 1, 1, 1));

            node.Step(new Message.RequestVote(Id(2), Id(1), 4, new LogPosition(term, index), isPreVote, IsTransfer: false));

            Assert.Equal(granted, Assert.IsType<Message.AnswerVote>(Assert.Single(node.Turn())).IsGranted);
        }
    }

    // §5.1: «if a server's term is smaller than the other's, it updates … a candidate or leader discovers that its term is out of date, it reverts to follower».
    [Fact]
    public void A_newer_term_makes_a_leader_follow()
    {
        var leader = Leader(members: 3);
        leader.Step(new Message.AnswerAppend(Id(2), Id(1), leader.Term + 5, 0, IsRejected: false, default));

        Assert.Equal((RaftRole.Follower, 6ul, null), (leader.Role, leader.Term, leader.Leader));
    }

    // §5.1: «if a server receives a request with a stale term number, it rejects the request»; the answer carries the newer term.
    [Fact]
    public void An_append_of_an_older_term_changes_nothing_and_is_told_the_newer()
    {
        var node = Node(1, members: 3, state: new HardState(5, null, 0));
        node.Step(new Message.Append(Id(2), Id(1), 4, default, [Command(1, 4)], 1));

        Assert.Equal(5ul, Assert.IsType<Message.AnswerAppend>(Assert.Single(node.Turn())).Term);
        Assert.Equal((0ul, 0ul), (node.LastEntry.Index, node.CommitIndex));
    }

    // §5.2: «if the leader's term is at least as large as the candidate's current term, then the candidate recognizes the leader».
    [Fact]
    public void A_candidate_follows_a_leader_of_its_term()
    {
        var node = Node(1, members: 3);
        node.Step(new Message.TimeoutNow(Id(2), Id(1), 1));
        node.Step(new Message.Heartbeat(Id(3), Id(1), 2, default, 0));

        Assert.Equal((RaftRole.Follower, Id(3)), (node.Role, node.Leader!.Value));
    }

    // Thesis §4.2.3: «if a server receives a RequestVote request within the minimum election timeout of hearing from a current leader, it does not update its term or grant its vote».
    [Theory]
    [InlineData(false, 1ul)]
    [InlineData(true, 9ul)] // §3.10: but it does if the leader wants it
    public void Whoever_hears_a_leader_helps_no_candidate(bool isTransfer, ulong term)
    {
        var node = Node(1, members: 3);
        node.Step(new Message.Heartbeat(Id(2), Id(1), 1, default, 0));
        node.Turn();
        node.Step(new Message.RequestVote(Id(3), Id(1), 9, new LogPosition(8, 8), IsPreVote: false, isTransfer));

        Assert.Equal(term, node.Term);
        Assert.Equal(isTransfer ? 1 : 0, node.Turn().Count);
    }

    // Thesis §6.2: «a leader steps down if an election timeout elapses without a successful round of heartbeats to a majority».
    [Fact]
    public void A_leader_that_hears_no_quorum_steps_down()
    {
        var leader = Leader(members: 3);
        leader.Ticks(9);
        leader.Step(new Message.AnswerHeartbeat(Id(3), Id(1), leader.Term, 0));
        leader.Ticks(10);
        Assert.Equal(RaftRole.Leader, leader.Role);

        leader.Ticks(10);

        Assert.Equal(RaftRole.Follower, leader.Role);
    }

    // Thesis §9.6: a member that was cut off comes back without a higher term.
    [Fact]
    public void A_member_that_was_cut_off_disturbs_nobody()
    {
        RaftNode[] nodes = [Node(1, 3), Node(2, 3), Node(3, 3)];
        nodes[0].Campaign();
        Settle(nodes);
        for (int tick = 0; tick < 100; tick++)
        {
            Array.ForEach(nodes, node => node.Tick());
            Settle(nodes, message => message.To == Id(3) || message.From == Id(3));
        }

        Assert.Equal((RaftRole.PreCandidate, 1ul), (nodes[2].Role, nodes[2].Term));
        for (int tick = 0; tick < 20; tick++)
        {
            Array.ForEach(nodes, node => node.Tick());
            Settle(nodes);
        }

        Assert.All(nodes, node => Assert.Equal((1ul, Id(1)), (node.Term, node.Leader!.Value)));
    }

    // A term that is not on the disk could be entered twice: nothing of it leaves before.
    [Fact]
    public void A_leader_sends_before_its_sync_but_not_in_a_term_that_is_not_on_its_disk()
    {
        // A lone voter with a learner leads without waiting for anybody's answer.
        var node = new RaftNode(
            new RaftConfig(Id(1)), new Random(1), HardState.Initial, new SnapshotMetadata(default, MemberSet.Of([Id(1)], [Id(2)])), []);
        node.Campaign();

        var first = node.TakeReady();
        Assert.Empty(first.MessagesBeforePersist);
        Assert.IsType<Message.Append>(Assert.Single(first.MessagesAfterPersist));
        node.Advance(first);
        node.Acknowledge(2, 1);
        node.Turn();

        node.Propose("x"u8.ToArray());
        var second = node.TakeReady();
        Assert.IsType<Message.Append>(Assert.Single(second.MessagesBeforePersist));
        Assert.NotEmpty(second.Entries);
    }

    // A process that ended is no silence: the first of the voters left stands as soon as the others know it too, the next a little later.
    [Theory]
    [InlineData(1, 3, 2)]
    [InlineData(2, 3, 4)]
    [InlineData(3, 1, 4)]
    public void After_the_end_of_a_leader_the_voters_stand_in_turn(ulong id, ulong leader, int ticks)
    {
        var node = Node(id, members: 3);
        node.Step(new Message.Heartbeat(Id(leader), Id(id), 1, default, 0));
        node.Turn();

        node.ReportGone(Id(leader));

        Assert.Null(node.Leader);
        node.Ticks(ticks - 1);
        Assert.Equal(RaftRole.Follower, node.Role);
        node.Tick();
        Assert.Equal(RaftRole.PreCandidate, node.Role);
    }

    [Fact]
    public void A_wrong_report_of_an_end_is_forgotten_with_the_next_heartbeat_and_one_of_another_member_at_once()
    {
        var node = Node(1, members: 3);
        node.Step(new Message.Heartbeat(Id(2), Id(1), 1, default, 0));
        node.ReportGone(Id(3));
        Assert.Equal(Id(2), node.Leader);

        node.ReportGone(Id(2));
        node.Step(new Message.Heartbeat(Id(2), Id(1), 1, default, 0));
        node.Ticks(9);

        Assert.Equal((RaftRole.Follower, Id(2)), (node.Role, node.Leader));
    }
}
