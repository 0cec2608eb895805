using System.Threading.Channels;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Membership;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Consensus;

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
    private ulong _handedOverIn;

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
    public bool TryPost(Input input)
    {
        if (input is Input.Received(Message.Heartbeat heartbeat))
        {
            AnswerWhileDiskWorks(heartbeat);
        }

        return _inputs.Writer.TryWrite(input);
    }

    public async Task<bool> TakeSnapshotAsync(Message.InstallSnapshot message, string stagedPath, CancellationToken cancel)
    {
        var waiting = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _inputs.Writer.WriteAsync(new Input.SnapshotReceived(message, stagedPath, waiting), cancel);
        return await waiting.Task.WaitAsync(cancel);
    }

    /// <summary>A leader lets another take over, for an election timeout at the most.</summary>
    public async Task HandOverAsync()
    {
        long started = time.GetTimestamp();
        var begun = new TaskCompletionSource<bool>();
        if (!Status.IsLeader || !TryPost(new Input.HandOver(begun)))
        {
            return;
        }

        while (Status.IsLeader && begun.Task is not { IsCompleted: true, Result: false } && time.GetElapsedTime(started) < times.Election)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }
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
            case Input.HandOver handOver:
                handOver.Begun.TrySetResult(false);
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

    /// <summary>For more than a heartbeat, and not yet so long that others should do this member's work.</summary>
    private bool DoesDiskHoldUp =>
        Interlocked.Read(ref _persistingSince) is > 0 and var since && time.GetElapsedTime(since) is var stuck && stuck > times.Tick && stuck < times.LongestDiskWait;

    /// <summary>
    /// So that slow disks of the followers cost no leader its quorum. The answer speaks of nothing that must be on the disk, only of whom this member follows:
    /// a vote for another that is being written is not given yet.
    /// </summary>
    private void AnswerWhileDiskWorks(Message.Heartbeat heartbeat)
    {
        if (DoesDiskHoldUp && Status is { } status && status.Leader == heartbeat.From && status.Term == heartbeat.Term)
        {
            peers.Send([new Message.AnswerHeartbeat(node.Id, heartbeat.From, heartbeat.Term, heartbeat.ReadRound)]);
        }
    }

    /// <summary>On a thread of its own: while the disk holds the loop up, the others still hear that their leader lives, for a while.</summary>
    private void OnTimer()
    {
        if (DoesDiskHoldUp)
        {
            peers.RepeatHeartbeats();
        }

        if (Interlocked.Exchange(ref _isTickDue, 1) == 0)
        {
            _inputs.Writer.TryWrite(Input.Tick.Instance);
        }
    }
}
