using Coreutil.Raft;
using static Coreutil.Tests.Raft.NodeHarness;

namespace Coreutil.Tests.Raft;

/// <summary>Raft §5.3, §5.4.2, §7, §8; thesis §10.2.1 for the windows.</summary>
public sealed class ReplicationTests
{
    // §8: «Raft handles this by having each leader commit a blank no-op entry into the log at the start of its term».
    [Fact]
    public void A_leader_begins_with_an_empty_entry()
    {
        var leader = Leader(members: 3, Log(1, 1));
        var append = leader.Turn().OfType<Message.Append>().First();

        Assert.Equal(new LogPosition(1, 2), append.Previous);
        Assert.Equal((3ul, 2ul, EntryKind.LeaderStart), (append.Entries[0].Index, append.Entries[0].Term, append.Entries[0].Kind));
    }

    // §5.3: «a log entry is committed once the leader that created the entry has replicated it on a majority of the servers».
    [Theory]
    [InlineData(3, 1, true)]
    [InlineData(5, 1, false)]
    [InlineData(5, 2, true)]
    public void An_entry_is_committed_once_a_majority_has_it(int members, int acknowledgements, bool isCommitted)
    {
        var leader = Leader(members);
        leader.Turn();
        for (int follower = 2; follower < 2 + acknowledgements; follower++)
        {
            leader.Acknowledge((ulong)follower, 1);
        }

        Assert.Equal(isCommitted ? 1ul : 0, leader.CommitIndex);
    }

    // A leader's own disk counts like any other.
    [Fact]
    public void A_leader_that_has_not_synced_does_not_count_itself()
    {
        var leader = Leader(members: 3);
        leader.Turn();
        leader.Acknowledge(2, 1);
        leader.Turn();
        leader.Propose("x"u8.ToArray());
        var underWay = leader.TakeReady();

        leader.Acknowledge(2, 2);
        Assert.Equal(1ul, leader.CommitIndex);
        leader.Advance(underWay);
        Assert.Equal(2ul, leader.CommitIndex);
    }

    // §5.4.2, figure 8: «Raft never commits log entries from previous terms by counting replicas».
    [Fact]
    public void An_entry_of_an_earlier_term_is_committed_only_with_one_of_the_own()
    {
        var leader = Leader(members: 3, Log(1, 2));
        leader.Turn();

        leader.Acknowledge(2, 2);
        Assert.Equal(0ul, leader.CommitIndex);
        leader.Acknowledge(2, 3);
        Assert.Equal(3ul, leader.CommitIndex);
    }

    // §5.3: «if the follower does not find an entry in its log with the same index and term, then it refuses the new entries».
    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 1, false)]
    [InlineData(2, 2, false)]
    [InlineData(1, 2, true)] // another term there
    [InlineData(3, 3, true)] // nothing there
    public void A_follower_refuses_what_does_not_follow_its_log(ulong term, ulong index, bool isRefused)
    {
        var node = Node(1, members: 3, state: new HardState(2, null, 0), log: Log(1, 2));
        node.Step(new Message.Append(Id(2), Id(1), 3, new LogPosition(term, index), [], 0));

        Assert.Equal(isRefused, Assert.IsType<Message.AnswerAppend>(Assert.Single(node.Turn())).IsRejected);
    }

    // §5.3: «if an existing entry conflicts with a new one, delete the existing entry and all that follow it».
    [Theory]
    [InlineData(new ulong[] { 1, 2 }, 2, new ulong[] { 3 }, new ulong[] { 1, 2, 3 })]
    [InlineData(new ulong[] { 1, 2 }, 1, new ulong[] { 3, 3 }, new ulong[] { 1, 3, 3 })]
    [InlineData(new ulong[] { 1, 2, 2 }, 1, new ulong[] { 3 }, new ulong[] { 1, 3 })]
    [InlineData(new ulong[] { 1, 2, 2 }, 1, new ulong[] { 2 }, new ulong[] { 1, 2, 2 })] // overtaken, and no conflict: nothing goes
    [InlineData(new ulong[] { }, 0, new ulong[] { 3 }, new ulong[] { 3 })]
    public void A_conflicting_entry_goes_with_all_that_follow_it(ulong[] before, int previous, ulong[] appended, ulong[] after)
    {
        var node = Node(1, members: 3, state: new HardState(2, null, 0), log: Log(before));
        Entry[] entries = [.. appended.Select((term, at) => Command((ulong)(previous + at + 1), term))];
        node.Step(new Message.Append(Id(2), Id(1), 3, new LogPosition(previous == 0 ? 0 : before[previous - 1], (ulong)previous), [.. entries], 0));

        var ready = node.TakeReady();

        Assert.Equal(after, node.Terms());
        Assert.All(ready.Entries, entry => Assert.Equal(3ul, entry.Term));
    }

    // Figure 2: «set commitIndex = min(leaderCommit, index of last new entry)».
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public void A_follower_commits_at_most_what_the_message_vouches_for(ulong leaderCommit, ulong committed)
    {
        var node = Node(1, members: 3, state: new HardState(1, null, 0), log: Log(1, 1, 1));
        node.Step(new Message.Append(Id(2), Id(1), 2, new LogPosition(1, 1), [Command(2, 1)], leaderCommit));

        Assert.Equal(committed, node.CommitIndex);
    }

    // Figure 7: whatever the followers have, the leader brings them to its own log.
    [Theory]
    [InlineData(new ulong[] { 1, 1, 1, 4, 4, 5, 5, 6, 6 })]
    [InlineData(new ulong[] { 1, 1, 1, 4 })]
    [InlineData(new ulong[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6 })]
    [InlineData(new ulong[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7 })]
    [InlineData(new ulong[] { 1, 1, 1, 4, 4, 4, 4 })]
    [InlineData(new ulong[] { 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3 })]
    public void A_leader_brings_followers_to_its_log(ulong[] follower)
    {
        var leader = Leader(members: 3, Log(1, 1, 1, 4, 4, 5, 5, 6, 6, 6), term: 7);
        var node = Node(2, members: 3, state: new HardState(7, null, 0), log: Log(follower));
        int answers = 0;
        Settle([leader, node], message => message is Message.AnswerAppend { IsRejected: true } && ++answers > 10);

        Assert.Equal([1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8], leader.Terms());
        Assert.Equal(leader.Terms(), node.Terms());
        Assert.Equal(11ul, node.CommitIndex);

        // §5.3: «one AppendEntries will be required for each term with conflicting entries, rather than one for each entry».
        Assert.InRange(answers, 0, 3);
    }

    // What was replaced while the disk worked is not on it.
    [Fact]
    public void A_sync_of_entries_that_were_replaced_meanwhile_acknowledges_nothing()
    {
        var node = Node(1, members: 3);
        node.Step(new Message.Append(Id(2), Id(1), 1, default, [Command(1, 1), Command(2, 1)], 0));
        var underWay = node.TakeReady();
        node.Step(new Message.Append(Id(3), Id(1), 2, default, [Command(1, 2)], 0));
        node.Advance(underWay);

        Assert.Equal([Command(1, 2).Position], node.TakeReady().Entries.Select(entry => entry.Position));
    }

    // Thesis §10.2.1: entries follow each other without waiting, as far as the window goes.
    [Fact]
    public void A_leader_sends_no_more_than_the_window_takes()
    {
        var leader = Leader(members: 2, config: new RaftConfig(Id(1)) { MaximumInflightMessages = 3, MaximumMessageBytes = 0 });
        leader.Turn();
        leader.Acknowledge(2, 1);
        leader.Turn();
        for (int proposal = 0; proposal < 10; proposal++)
        {
            leader.Propose(new byte[100]);
        }

        Assert.Equal(3, leader.Turn().OfType<Message.Append>().Count(append => !append.Entries.IsEmpty));
        leader.Acknowledge(2, 3);
        Assert.Equal([5, 6], leader.Turn().OfType<Message.Append>().Select(append => append.Entries[0].Index));
    }

    [Fact]
    public void A_member_that_is_not_understood_yet_gets_one_message_a_heartbeat()
    {
        var leader = Leader(members: 2);
        Assert.Single(leader.Turn().OfType<Message.Append>());
        leader.Propose("x"u8.ToArray());
        Assert.Empty(leader.Turn().OfType<Message.Append>());

        leader.Step(new Message.AnswerHeartbeat(Id(2), Id(1), leader.Term, 0));
        Assert.Single(leader.Turn().OfType<Message.Append>());
    }

    [Fact]
    public void Proposals_of_one_turn_share_an_append()
    {
        var leader = Leader(members: 2);
        leader.Turn();
        leader.Acknowledge(2, 1);
        leader.Turn();
        leader.Propose("x"u8.ToArray());
        leader.Propose("y"u8.ToArray());

        Assert.Equal(2, Assert.Single(leader.Turn().OfType<Message.Append>()).Entries.Length);
    }

    // §7: a follower that lags behind what is compacted gets the snapshot, then what follows it.
    [Fact]
    public void A_member_that_needs_compacted_entries_gets_the_snapshot()
    {
        var leader = Leader(members: 3, Log(1, 1, 1, 1), config: new RaftConfig(Id(1)) { EntriesKeptBehindSnapshot = 0 });
        leader.Turn();
        leader.Acknowledge(2, 5);
        leader.Turn();
        leader.Compact(leader.Applied);
        leader.Step(new Message.AnswerAppend(Id(3), Id(1), leader.Term, 4, IsRejected: true, default));

        var install = Assert.Single(leader.Turn().OfType<Message.InstallSnapshot>());
        Assert.Equal(new LogPosition(2, 5), install.Snapshot.Position);
        Assert.Equal(ReplicationMode.Snapshot, leader.Peers[1].Mode);

        var follower = Node(3, members: 3, log: Log(1), state: new HardState(1, null, 0));
        follower.Step(install);
        var ready = follower.TakeReady();
        Assert.Equal(install.Snapshot, ready.Snapshot);
        Assert.Empty(ready.Committed);
        Assert.Equal(5ul, Assert.IsType<Message.AnswerAppend>(Assert.Single(ready.MessagesAfterPersist)).Index);
        follower.Advance(ready);
        Assert.Equal((5ul, 5ul, 5ul), (follower.AppliedIndex, follower.CommitIndex, follower.LastEntry.Index));

        leader.Step(ready.MessagesAfterPersist[0]);
        Assert.Equal(ReplicationMode.Replicate, leader.Peers[1].Mode);
    }

    [Fact]
    public void A_snapshot_that_did_not_arrive_is_sent_again_when_the_member_lives()
    {
        var leader = Leader(members: 3, Log(1, 1), config: new RaftConfig(Id(1)) { EntriesKeptBehindSnapshot = 0 });
        leader.Turn();
        leader.Acknowledge(2, 3);
        leader.Turn();
        leader.Compact(leader.Applied);
        leader.Step(new Message.AnswerAppend(Id(3), Id(1), leader.Term, 2, IsRejected: true, default));
        Assert.Single(leader.Turn().OfType<Message.InstallSnapshot>());

        leader.ReportSnapshot(Id(3), isDelivered: false);
        Assert.Empty(leader.Turn().OfType<Message.InstallSnapshot>());
        leader.Step(new Message.AnswerHeartbeat(Id(3), Id(1), leader.Term, 0));
        Assert.Single(leader.Turn().OfType<Message.InstallSnapshot>());
    }

    // §7: «if the follower receives a snapshot that describes a prefix of its log …, entries following the snapshot are still valid».
    [Fact]
    public void A_snapshot_of_what_is_there_already_only_commits_it()
    {
        var node = Node(1, members: 2, state: new HardState(1, null, 0), log: Log(1, 1, 1));
        node.Step(new Message.InstallSnapshot(Id(2), Id(1), 1, new SnapshotMetadata(new LogPosition(1, 2), MemberSet.Of([Id(1), Id(2)]))));

        var ready = node.TakeReady();

        Assert.Null(ready.Snapshot);
        Assert.Equal((2ul, 3ul), (node.CommitIndex, node.LastEntry.Index));
    }

    [Fact]
    public void Some_entries_stay_behind_a_snapshot()
    {
        var node = Node(1, members: 1, config: new RaftConfig(Id(1)) { EntriesKeptBehindSnapshot = 2 });
        node.Campaign();
        for (int entry = 0; entry < 9; entry++)
        {
            node.Propose("x"u8.ToArray());
        }

        node.Turn();
        node.Compact(node.Applied);

        Assert.Null(node.TermAt(7));
        Assert.Equal(1ul, node.TermAt(9));
        Assert.Equal(10ul, node.Snapshot.Index);
    }

    [Fact]
    public void A_leader_takes_no_more_than_it_can_hold_uncommitted()
    {
        var leader = Leader(members: 3, config: new RaftConfig(Id(1)) { MaximumUncommittedBytes = 500 });
        leader.Turn();
        Assert.Equal(ProposalStatus.Appended, leader.Propose(new byte[400]));
        Assert.Equal(ProposalStatus.TooManyUncommitted, leader.Propose(new byte[400]));
        leader.Turn();
        leader.Acknowledge(2, 2);
        Assert.Equal(ProposalStatus.Appended, leader.Propose(new byte[400]));
    }

    [Fact]
    public void A_follower_passes_proposals_to_the_leader_and_refuses_them_without_one()
    {
        var node = Node(2, members: 3);
        Assert.Equal(ProposalStatus.NoLeader, node.Propose("x"u8.ToArray()));
        node.Step(new Message.Heartbeat(Id(1), Id(2), 1, default, 0));
        node.Turn();
        Assert.Equal(ProposalStatus.Forwarded, node.Propose("x"u8.ToArray()));
        Assert.Equal(ProposalStatus.Forwarded, node.Propose("y"u8.ToArray()));

        var forwarded = Assert.IsType<Message.Propose>(Assert.Single(node.Turn()));
        Assert.Equal((Id(1), 2), (forwarded.To, forwarded.Proposals.Length));

        var leader = Leader(members: 3);
        leader.Step(forwarded);
        Assert.Equal(3ul, leader.LastEntry.Index);
    }

    // README.md, «Lost disks».
    [Fact]
    public void A_member_whose_disk_lost_what_it_acknowledged_gives_up()
    {
        Assert.Contains("lost a part of its log", Assert.Throws<RaftException>(() => Node(1, 3, state: new HardState(2, null, 5), log: Log(1, 2))).Message, StringComparison.Ordinal);

        var node = Node(1, members: 3, log: Log(1, 1), state: new HardState(1, null, 0));
        var lost = Assert.Throws<RaftException>(() => node.Step(new Message.Heartbeat(Id(2), Id(1), 1, new LogPosition(1, 3), 0)));
        Assert.Contains("entry 3 of term 1 was acknowledged by this member and is not in its log, which ends at 2", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_are_consecutive()
    {
        var log = new RaftLog(new LogPosition(2, 5));
        Assert.Throws<RaftException>(() => log.Append(new Entry(7, 2, EntryKind.Command, default)));
        Assert.Throws<RaftException>(() => log.Append(new Entry(6, 1, EntryKind.Command, default)));
    }
}
