using Coreutil.Raft;

namespace Coreutil.Tests.Raft;

public sealed class ElectionTests
{
    private static readonly NodeId _alice = new(1);

    [Fact]
    public void A_lone_member_leads_at_once_and_commits_only_after_its_sync()
    {
        var node = new RaftNode(new RaftConfig(_alice), new Random(1), HardState.Initial, new SnapshotMetadata(default, MemberSet.Of([_alice])), []);
        node.Campaign();
        Assert.Equal(RaftRole.Leader, node.Role);
        Assert.Equal(ProposalStatus.Appended, node.Propose("x"u8.ToArray()));

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
        Entry[] log = [new Entry(1, 1, EntryKind.LeaderStart, default), new Entry(2, 1, EntryKind.Command, "x"u8.ToArray())];
        var node = new RaftNode(
            new RaftConfig(_alice), new Random(1), new HardState(1, _alice, 1), new SnapshotMetadata(default, MemberSet.Of([_alice])), log);
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
        Assert.Throws<RaftException>(() => log.Append(new Entry(7, 2, EntryKind.Command, default)));
        Assert.Throws<RaftException>(() => log.Append(new Entry(6, 1, EntryKind.Command, default)));
    }
}
