using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>The mistakes that lie inside a core, made at its edge: what it hears, says and hands out is changed to what that core would.</summary>
internal sealed class MistakenWire(SimulatedMember member, Mistake mistake, IEnumerable<Entry> recovered)
{
    private readonly Dictionary<ulong, Entry> _held = recovered.ToDictionary(entry => entry.Index);
    private ulong _appliedEarly;

    public Message Received(Message message) => message switch
    {
        Message.RequestVote vote when mistake == Mistake.VoteForAnyLog => vote with { LastEntry = new LogPosition(ulong.MaxValue, ulong.MaxValue) },
        _ => message,
    };

    public Message Sent(Message message) => message switch
    {
        Message.AnswerAppend { IsRejected: true } answer when mistake == Mistake.AcknowledgeAnyAppend => answer with { IsRejected = false },
        Message.AnswerAppend { IsRejected: false } answer when mistake == Mistake.AcknowledgeWhatWasNotReceived => answer with { Index = answer.Index + 1 },
        _ => message,
    };

    public IEnumerable<Entry> ToApply(Ready ready) => mistake switch
    {
        Mistake.ApplyBeforeCommit => Early(ready, ready.Entries.Length > 0 ? ready.Entries[^1].Index : 0),
        Mistake.CommitAnOldTermByCounting => Early(ready, CountedIndex()),
        _ => ready.Committed,
    };

    /// <summary>What a majority acknowledged, whatever its term.</summary>
    private ulong CountedIndex() => member.Node is { Role: RaftRole.Leader } leader
        ? ((ulong[])[leader.LastEntry.Index, .. leader.Peers.Where(peer => leader.Members.IsVoter(peer.Id)).Select(peer => peer.Match)])
            .OrderDescending().ElementAt(leader.Members.Quorum - 1)
        : 0;

    private List<Entry> Early(Ready ready, ulong through)
    {
        foreach (var entry in ready.Entries.Concat(ready.Committed))
        {
            _held[entry.Index] = entry;
        }

        _appliedEarly = Math.Max(_appliedEarly, member.Registers.AppliedIndex);
        through = Math.Max(through, ready.Committed.IsEmpty ? 0 : ready.Committed[^1].Index);
        var early = new List<Entry>();
        while (_appliedEarly < through && _held.TryGetValue(_appliedEarly + 1, out var next))
        {
            early.Add(next);
            _appliedEarly++;
        }

        return early;
    }
}
