using System.Collections.Immutable;
using System.Threading.Channels;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>How the loop measures time.</summary>
/// <param name="Tick">The heartbeat interval.</param>
internal sealed record LoopTimes(TimeSpan Tick, TimeSpan Election)
{
    /// <summary>How long a request waits for its outcome: 5 s for the disks and two elections, as in etcd.</summary>
    public TimeSpan Request => TimeSpan.FromSeconds(5) + (2 * Election);

    /// <summary>How long a leader whose disk hangs goes on to be one: then another should take over.</summary>
    public TimeSpan LongestDiskWait => TimeSpan.FromSeconds(Math.Max(5, 5 * Election.TotalSeconds));
}

/// <summary>
/// The only loop: tick, step, send what a leader may send early, persist, send, apply, in this order, which is the safety argument (README.md of
/// Coreutil.Raft): what is answered, to a peer or a client, was on the disk before. All that waits goes into one batch and shares its sync.
/// </summary>
internal sealed partial class ConsensusLoop(
    RaftNode node, LogStorage storage, EntryApplier applier, SnapshotKeeper snapshots, IPeerTransport peers, MemberMetrics metrics,
    LoopTimes times, TimeProvider time, ILogger logger)
{
    private const int MaximumBatch = 1024;
    private static readonly TimeSpan _sweepInterval = TimeSpan.FromSeconds(1);

    /// <summary>Without a leader for so many election timeouts, watches are ended: nothing would come.</summary>
    private const int ElectionsUntilWatchesEnd = 3;

    private static readonly ProposalResult _diskIsFull = Refused("etcdserver: no space left on the disk of the log, writes are refused until there is");

    /// <summary>Full means the disk is behind: requests then wait in their own tasks, messages of peers are dropped as by a network.</summary>
    private readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(new BoundedChannelOptions(4 * MaximumBatch) { SingleReader = true });

    private readonly PendingProposals _pending = new();
    private readonly Queue<Input.Propose> _held = [];
    private readonly PendingReads _reads = new((ulong)Random.Shared.NextInt64());
    private readonly TaskCompletionSource _recovered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _removed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ExpirySchedule _expiry = new(applier.Store, time);
    private ConsensusStatus _status = new(RaftRole.Follower, null, 0, time.GetUtcNow());
    private (string StagedPath, LogPosition Position)? _arrivedSnapshot;
    private ulong _nextId = (ulong)time.GetUtcNow().UtcTicks;
    private LogPosition _applied = node.Snapshot.Position;
    private ulong _appliedIndex = node.Snapshot.Index;
    private ulong _committedIndex;
    private long _nextSweep;
    private long _watchesEndAt = long.MaxValue;
    private long _persistingSince;
    private bool _haveMembersChanged;
    private int _isTickDue;
    private int _pendingCount;
    private int _batchBytes;

    /// <summary>Ends when all that the log held is applied; cancelled when the loop ended before.</summary>
    public Task Recovered => _recovered.Task;

    /// <summary>Ends when this member was removed from its cluster.</summary>
    public Task Removed => _removed.Task;

    public ConsensusStatus Status => Volatile.Read(ref _status);

    public int PendingCount => Volatile.Read(ref _pendingCount);

    public ulong AppliedIndex => Volatile.Read(ref _appliedIndex);

    public ulong CommittedIndex => Volatile.Read(ref _committedIndex);

    public ulong Term => Status.Term;

    /// <summary>What the leader knew of the others a tick ago; empty elsewhere.</summary>
    public IReadOnlyList<MemberProgress> Progress { get; private set; } = [];

    /// <summary>Returns when the command was applied here, or with a refusal when that did not happen in time.</summary>
    public Task<ProposalResult> ProposeAsync(StoreCommand command, CancellationToken cancel)
    {
        ulong id = Interlocked.Increment(ref _nextId);
        byte[] payload = StoreCommandCodec.Encode(new RequestOrigin(node.Id.Value, id), command);
        return ProposeAsync(id, new Proposal(EntryKind.Command, payload), cancel);
    }

    /// <summary>Changes the members; the refusal is <see cref="ProposalResult.MembershipRefusal"/>, or a timeout as of any command.</summary>
    public Task<ProposalResult> ProposeAsync(MembershipChangeKind kind, Member member, CancellationToken cancel)
    {
        ulong id = Interlocked.Increment(ref _nextId);
        var record = new MembershipRecord(new RequestOrigin(node.Id.Value, id), kind, member.Id, member.PeerUrls);
        return ProposeAsync(id, new Proposal(EntryKind.MembershipChange, record.ToChange().Encode()), cancel);
    }

    /// <summary>Returns when every write that was acknowledged before the call is applied here. The error is null then.</summary>
    public async Task<EtcdError?> ReadIndexAsync(CancellationToken cancel)
    {
        long started = time.GetTimestamp();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _inputs.Writer.WriteAsync(new Input.Read(waiting, Deadline(started)), cancel).AsTask().WaitAsync(times.Request, time, cancel);
            await waiting.Task.WaitAsync(times.Request, time, cancel);
            return null;
        }
        catch (TimeoutException)
        {
            return TimedOut(started).Outcome.Refusal;
        }
        catch (ChannelClosedException)
        {
            throw new OperationCanceledException("the server is stopping");
        }
    }

    /// <summary>A peer's message; false when the loop is behind and it is dropped.</summary>
    public bool TryPost(Input input) => _inputs.Writer.TryWrite(input);

    public async Task<bool> TakeSnapshotAsync(Message.InstallSnapshot message, string stagedPath, CancellationToken cancel)
    {
        var waiting = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _inputs.Writer.WriteAsync(new Input.SnapshotReceived(message, stagedPath, waiting), cancel);
        return await waiting.Task.WaitAsync(cancel);
    }

    /// <summary>Runs until cancelled; anything else that ends it is a disk or a broken invariant.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var ending = new OperationCanceledException("the server is stopping");
        try
        {
            // Ticks that come while the disk works count as one: a slow disk here is no silence of the leader.
            await using var ticks = time.CreateTimer(_ => OnTimer(), null, times.Tick, times.Tick);
            await storage.ReserveAtStartAsync();

            // What is committed is applied first: a membership change in it decides who votes. A lone voter need not wait for an election.
            Turn();
            if (node.Members.Voters.Length == 1)
            {
                node.Campaign();
                Turn();
            }

            _recovered.TrySetResult();
            while (await _inputs.Reader.WaitToReadAsync(cancel))
            {
                TakeInputs();
                Turn();
            }
        }
        finally
        {
            _recovered.TrySetCanceled(cancel);
            _inputs.Writer.TryComplete(ending);
            _pending.FailAll(ending);
            _reads.FailAll(ending);
            while (_inputs.Reader.TryRead(out var left))
            {
                Fail(left, ending);
            }
        }
    }

    private static ProposalResult Refused(string cause) => new(new StoreOutcome([], new EtcdError(EtcdErrorCode.RaftInternal, cause, 0), 0), 0, 0);

    private static void Fail(Input input, Exception cause)
    {
        switch (input)
        {
            case Input.Propose proposal:
                proposal.Waiting.TrySetException(cause);
                break;
            case Input.Read read:
                read.Waiting.TrySetException(cause);
                break;
            case Input.SnapshotReceived snapshot:
                snapshot.Waiting.TrySetException(cause);
                break;
        }
    }

    private async Task<ProposalResult> ProposeAsync(ulong id, Proposal proposal, CancellationToken cancel)
    {
        long started = time.GetTimestamp();
        var waiting = new TaskCompletionSource<ProposalResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            var input = new Input.Propose(id, proposal, waiting, Deadline(started));
            if (!_inputs.Writer.TryWrite(input))
            {
                await _inputs.Writer.WriteAsync(input, cancel).AsTask().WaitAsync(times.Request, time, cancel);
            }

            return await waiting.Task.WaitAsync(times.Request, time, cancel);
        }
        catch (TimeoutException)
        {
            metrics.CountFailedProposal();
            return TimedOut(started);
        }
        catch (ChannelClosedException)
        {
            throw new OperationCanceledException("the server is stopping");
        }
    }

    private long Deadline(long started) => started + (long)(times.Request.TotalSeconds * time.TimestampFrequency);

    /// <summary>The original's three texts, by what most likely held the request up.</summary>
    private ProposalResult TimedOut(long started)
    {
        var status = Status;
        var asked = time.GetUtcNow() - time.GetElapsedTime(started);
        string cause = status.HasLeader && asked > status.LeaderSince - (2 * times.Election) && asked < status.LeaderSince
            ? ", possibly due to previous leader failure"
            : status.HasLeader && !peers.IsConnectedSince(status.Leader!.Value, asked) ? ", possibly due to connection lost" : "";
        return Refused("etcdserver: request timed out" + cause);
    }

    /// <summary>On a thread of its own: while the disk holds the loop up, the others still hear that their leader lives, for a while.</summary>
    private void OnTimer()
    {
        long persistingSince = Interlocked.Read(ref _persistingSince);
        if (persistingSince != 0 && time.GetElapsedTime(persistingSince) is var stuck && stuck > times.Tick && stuck < times.LongestDiskWait)
        {
            peers.RepeatHeartbeats();
        }

        if (Interlocked.Exchange(ref _isTickDue, 1) == 0)
        {
            _inputs.Writer.TryWrite(Input.Tick.Instance);
        }
    }

    private void TakeInputs()
    {
        _batchBytes = 0;
        for (int taken = 0; taken < MaximumBatch && _inputs.Reader.TryRead(out var input); taken++)
        {
            Take(input);
        }

        if (Interlocked.Exchange(ref _isTickDue, 0) == 1)
        {
            OnTick();
        }

        _reads.Ask(node, time.GetTimestamp());
    }

    private void Take(Input input)
    {
        switch (input)
        {
            case Input.Propose proposal:
                Propose(proposal);
                break;
            case Input.Read read:
                _reads.Add(read);
                break;
            case Input.Received(Message.Propose forwarded):
                TakeForwarded(forwarded);
                break;
            case Input.Received(var message):
                node.Step(message);
                break;
            case Input.SnapshotReceived snapshot:
                TakeSnapshot(snapshot);
                break;
            case Input.Unreachable(var member):
                node.ReportUnreachable(member);
                break;
            case Input.SnapshotSent(var member, var isDelivered):
                node.ReportSnapshot(member, isDelivered);
                break;
            case Input.Transfer(var target):
                node.TransferLeadership(target);
                break;
            case Input.Tick:
                break;
            default:
                throw new InvalidOperationException($"unknown input {input.GetType().Name}");
        }
    }

    private void OnTick()
    {
        node.Tick();
        long now = time.GetTimestamp();
        if (node.Role == RaftRole.Leader && _expiry.TryTake() is { } expire)
        {
            node.Propose(StoreCommandCodec.Encode(new RequestOrigin(node.Id.Value, 0), expire));
        }

        if (now >= _watchesEndAt)
        {
            LogWatchesEnded(logger, applier.Watchers.Count);
            applier.Watchers.EndAll();
            _watchesEndAt = now + Ticks(ElectionsUntilWatchesEnd * times.Election);
        }

        if (now >= _nextSweep)
        {
            _nextSweep = now + Ticks(_sweepInterval);
            _pending.DropExpired(now);
            _reads.Sweep(now - Ticks(times.Election), now);
            Progress = node.Peers;
        }

        RetryHeld(now);
    }

    /// <summary>Who waited for a leader, or for the change before, tries again.</summary>
    private void RetryHeld(long now)
    {
        for (int left = _held.Count; left > 0; left--)
        {
            var held = _held.Dequeue();
            if (held.DeadlineTimestamp > now)
            {
                Propose(held);
            }
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private void Propose(Input.Propose proposal)
    {
        int bytes = WalRecord.HeaderSize + proposal.Proposal.Payload.Length;
        if (!storage.TryReserve(_batchBytes + bytes))
        {
            metrics.CountFailedProposal();
            proposal.Waiting.TrySetResult(_diskIsFull);
            return;
        }

        var status = proposal.Proposal.Kind == EntryKind.MembershipChange
            ? node.ProposeMembership(MembershipChange.Decode(proposal.Proposal.Payload))
            : node.Propose(proposal.Proposal.Payload);
        switch (status)
        {
            case ProposalStatus.Appended or ProposalStatus.Forwarded:
                _batchBytes += bytes;
                _pending.Add(proposal);
                break;
            case ProposalStatus.TooManyUncommitted:
                metrics.CountFailedProposal();
                proposal.Waiting.TrySetResult(Refused("etcdserver: too many requests wait to be committed"));
                break;
            default:
                // It is in no log yet, so it can wait for a leader without the danger of being done twice.
                _held.Enqueue(proposal);
                break;
        }
    }

    /// <summary>What a follower sends: the leader's clock counts, and the leader's disk must have room.</summary>
    private void TakeForwarded(Message.Propose forwarded)
    {
        if (node.Role == RaftRole.Leader)
        {
            var now = time.GetUtcNow();
            forwarded = forwarded with
            {
                Proposals = [.. forwarded.Proposals.Select(proposal =>
                    proposal.Kind == EntryKind.Command ? proposal with { Payload = StoreCommandCodec.Stamp(proposal.Payload, now) } : proposal)],
            };
            int bytes = forwarded.Proposals.Sum(proposal => WalRecord.HeaderSize + proposal.Payload.Length);
            if (!storage.TryReserve(_batchBytes + bytes))
            {
                return;
            }

            _batchBytes += bytes;
        }

        node.Step(forwarded);
    }

    private void TakeSnapshot(Input.SnapshotReceived snapshot)
    {
        _arrivedSnapshot = (snapshot.StagedPath, snapshot.Message.Snapshot.Position);
        node.Step(snapshot.Message);
        Turn();
        // Not wanted any more, when it was not taken up by then.
        _arrivedSnapshot = null;
        snapshot.Waiting.TrySetResult(true);
    }

    private void Turn()
    {
        for (var ready = node.TakeReady(); !ready.IsEmpty; ready = node.TakeReady())
        {
            peers.Send(ready.MessagesBeforePersist);
            if (ready.MustPersist)
            {
                Persist(ready);
            }

            peers.Send(ready.MessagesAfterPersist);
            Apply(ready.Committed);
            node.Advance(ready);
            foreach (var read in ready.Reads)
            {
                _reads.OnConfirmed(read);
            }

            _reads.OnApplied(AppliedIndex);
        }

        Publish();
        if (snapshots.KeepUp(new SnapshotMetadata(_applied, node.Members), applier.TakeSnapshot) is { } covered)
        {
            node.Compact(covered);
            storage.DeleteThrough(covered.Index, snapshots.SegmentsKept);
        }
    }

    private void Persist(Ready ready)
    {
        long started = time.GetTimestamp();
        Interlocked.Exchange(ref _persistingSince, started);
        if (ready.Snapshot is { } snapshot)
        {
            if (_arrivedSnapshot is not { } arrived || arrived.Position != snapshot.Position)
            {
                throw new InvalidOperationException($"the core installs a snapshot at {snapshot.Index} that did not come");
            }

            storage.Install(ready, snapshots.PathOf(snapshot.Position), arrived.StagedPath);
            var restored = snapshots.Read(snapshot.Position);
            applier.Restore(restored);
            SetApplied(snapshot.Position);
            peers.Follow(Cluster.Members(applier.Store.View));
            LogInstalled(logger, snapshot.Index);
        }
        else
        {
            storage.Append(ready);
        }

        Interlocked.Exchange(ref _persistingSince, 0);
        var took = time.GetElapsedTime(started);
        metrics.WalSync.Observe(took);
        if (took > times.Election / 2)
        {
            LogSlowDisk(logger, (long)took.TotalMilliseconds, (long)times.Election.TotalMilliseconds);
        }
    }

    private void Apply(ImmutableArray<Entry> committed)
    {
        if (committed.IsEmpty)
        {
            return;
        }

        long started = time.GetTimestamp();
        foreach (var entry in committed)
        {
            Apply(entry);
        }

        if (_haveMembersChanged)
        {
            // Once for all of them: the first members come one by one, and are not to be left and met again meanwhile.
            _haveMembersChanged = false;
            peers.Follow(Cluster.Members(applier.Store.View));
        }

        metrics.Applies.Observe(time.GetElapsedTime(started));
    }

    private void Apply(Entry entry)
    {
        var applied = applier.Apply(entry);
        SetApplied(entry.Position);
        if (applied is null)
        {
            return;
        }

        if (applied.Change is { } change)
        {
            node.ApplyMembershipChange(change);
            LogChanged(logger, MembershipRecord.Of(change));
            _haveMembersChanged = true;
            if (change.Kind == MembershipChangeKind.Remove && change.Member == node.Id)
            {
                _removed.TrySetResult();
            }
        }

        if (applied.Origin.Member == node.Id.Value)
        {
            _pending.Complete(applied.Origin.Id, new ProposalResult(applied.Outcome, entry.Index, entry.Term) { MembershipRefusal = applied.Refusal });
        }
    }

    private void SetApplied(LogPosition position)
    {
        _applied = position;
        Volatile.Write(ref _appliedIndex, position.Index);
    }

    /// <summary>Shows what changed to the handlers.</summary>
    private void Publish()
    {
        Volatile.Write(ref _pendingCount, _pending.Count + _held.Count);
        Volatile.Write(ref _committedIndex, node.CommitIndex);
        var before = _status;
        if (node.Role == before.Role && node.Leader == before.Leader && node.Term == before.Term)
        {
            return;
        }

        var now = time.GetUtcNow();
        Volatile.Write(ref _status, new ConsensusStatus(node.Role, node.Leader, node.Term, node.Leader == before.Leader ? before.LeaderSince : now));
        if (node.Leader != before.Leader)
        {
            _watchesEndAt = node.Leader is null ? time.GetTimestamp() + Ticks(ElectionsUntilWatchesEnd * times.Election) : long.MaxValue;
            metrics.CountLeaderChange(node.Leader is not null);
            LogLeader(logger, node.Id, node.Leader?.ToString() ?? "none", node.Term);
            if (node.Leader is not null && _held.Count > 0)
            {
                RetryHeld(time.GetTimestamp());
                Turn();
            }
        }
    }

    [LoggerMessage(EventId = 80, Level = LogLevel.Information, Message = "raft: {Id} knows leader {Leader} at term {Term}")]
    private static partial void LogLeader(ILogger logger, NodeId id, string leader, ulong term);

    [LoggerMessage(EventId = 81, Level = LogLevel.Information, Message = "etcdserver: membership changed: {Change}")]
    private static partial void LogChanged(ILogger logger, MembershipRecord change);

    [LoggerMessage(EventId = 82, Level = LogLevel.Information, Message = "etcdserver: installed a snapshot of the leader at index {Index}")]
    private static partial void LogInstalled(ILogger logger, ulong index);

    [LoggerMessage(EventId = 84, Level = LogLevel.Warning, Message = "wal: a sync took {Took} ms, with an election timeout of {Election} ms: the disk is too slow for it; use a faster one, keep other load off it, or raise --election-timeout")]
    private static partial void LogSlowDisk(ILogger logger, long took, long election);

    [LoggerMessage(EventId = 83, Level = LogLevel.Warning, Message = "etcdserver: no leader is known: ended {Count} watches, which would hear of nothing")]
    private static partial void LogWatchesEnded(ILogger logger, int count);
}
