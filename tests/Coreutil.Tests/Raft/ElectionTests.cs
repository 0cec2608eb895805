using Coreutil.Raft;

namespace Coreutil.Tests.Raft;

public sealed class ElectionTests
{
    private static readonly NodeId _alice = new(1);
    private static readonly NodeId _bob = new(2);

    // Raft §5.4.1: the voter denies its vote if its own log is more up-to-date than the candidate's.
    [Theory]
    [InlineData(2, 9, true)] // later term wins, however short the log
    [InlineData(1, 5, true)] // the same log
    [InlineData(1, 4, false)] // same term, shorter log
    [InlineData(0, 99, false)] // earlier term, longer log
    public void Vote_goes_only_to_a_log_at_least_as_up_to_date(ulong term, ulong index, bool granted)
    {
        var voter = new HardState(Term: 3, VotedFor: null, Commit: 0);

        var (next, reply) = Election.OnVoteRequest(voter, new(1, 5), new VoteRequest(4, _bob, new(term, index)));

        Assert.Equal(new VoteReply(4, granted), reply);
        Assert.Equal(granted ? _bob : null, next.VotedFor);
    }

    // Raft §5.2: one vote a term; §5.1: an older term is refused.
    [Theory]
    [InlineData(3, 1, false)] // given to another already
    [InlineData(3, 2, true)] // the same candidate asks again
    [InlineData(2, 2, false)] // an older term
    [InlineData(4, 1, true)] // a newer term clears the vote
    public void A_vote_is_given_once_a_term(ulong term, ulong candidate, bool granted)
    {
        var voter = new HardState(Term: 3, VotedFor: _bob, Commit: 0);
        var (_, reply) = Election.OnVoteRequest(voter, default, new VoteRequest(term, new NodeId(candidate), default));
        Assert.Equal(granted, reply.Granted);
    }

    [Fact]
    public void A_lone_member_leads_at_once_and_commits_only_after_its_sync()
    {
        var node = new RaftNode(new RaftConfig(_alice, [_alice], 10), HardState.Initial, new RaftLog(default), 0);
        node.Campaign();
        Assert.Equal(RaftRole.Leader, node.Role);
        Assert.Equal(2ul, node.Propose("x"u8.ToArray()));

        var first = node.TakeReady();
        Assert.Equal(_alice, first.HardState!.VotedFor);
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
        var log = new RaftLog(default);
        log.Append(new Entry(1, 1, EntryKind.LeaderStart, default));
        log.Append(new Entry(2, 1, EntryKind.Command, "x"u8.ToArray()));
        var node = new RaftNode(new RaftConfig(_alice, [_alice], 10), new HardState(1, _alice, 1), log, 0);
        node.Campaign();
        var applied = new List<ulong>();
        for (var ready = node.TakeReady(); !ready.IsEmpty; ready = node.TakeReady())
        {
            applied.AddRange(ready.Committed.Select(entry => entry.Index));
            node.Advance(ready);
        }

        Assert.Equal([1, 2, 3], applied);
        Assert.Equal(2ul, node.Term);
    }

    [Fact]
    public void Entries_are_consecutive()
    {
        var log = new RaftLog(new LogPosition(2, 5));
        Assert.Throws<InvalidOperationException>(() => log.Append(new Entry(7, 2, EntryKind.Command, default)));
        Assert.Throws<InvalidOperationException>(() => log.Append(new Entry(6, 1, EntryKind.Command, default)));
    }
}
