using System.Threading.Channels;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Metrics;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>
/// The only loop: tick, step, persist, send, apply, in this order, which is the safety argument: what is applied and answered was on the
/// disk before. All proposals that wait go into one batch and share its sync.
/// </summary>
internal sealed class ConsensusLoop(
    RaftNode node, WriteAheadLog log, EntryApplier applier, SnapshotKeeper snapshots, MemberMetrics metrics, ulong appliedIndex, TimeProvider time, TimeSpan tickInterval)
{
    /// <summary>etcd's cadence: a key outlives its TTL by at most this and a commit (etcd.md §1.8).</summary>
    private static readonly TimeSpan _expiryInterval = TimeSpan.FromMilliseconds(500);

    private const int MaximumBatch = 1024;

    private static readonly ProposalResult _diskIsFull = new(
        new StoreOutcome([], new EtcdError(EtcdErrorCode.RaftInternal, "etcdserver: no space left on the disk of the log, writes are refused until there is", 0), 0), 0, 0);

    /// <summary>Full means the disk is behind: requests then wait in their own tasks.</summary>
    private readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(new BoundedChannelOptions(4 * MaximumBatch) { SingleReader = true });

    private readonly PendingProposals _pending = new((ulong)time.GetUtcNow().UtcTicks);
    private readonly TaskCompletionSource _recovered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _nextExpiryCheck;
    private ulong _appliedIndex = appliedIndex;
    private ulong _term;
    private int _batchBytes;
    private int _pendingCount;

    /// <summary>Ends when all that the log held is applied; cancelled when the loop ended before.</summary>
    public Task Recovered => _recovered.Task;

    public int PendingCount => Volatile.Read(ref _pendingCount);

    public ulong AppliedIndex => Volatile.Read(ref _appliedIndex);

    public ulong Term => Volatile.Read(ref _term);

    /// <summary>Returns when the command was applied here.</summary>
    public async Task<ProposalResult> ProposeAsync(StoreCommand command, CancellationToken cancel)
    {
        var waiting = new TaskCompletionSource<ProposalResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _inputs.Writer.WriteAsync(new Input(command, waiting), cancel);
        return await waiting.Task.WaitAsync(cancel);
    }

    /// <summary>Runs until cancelled; anything else that ends it is a disk or a broken invariant.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var ending = new OperationCanceledException("the server is stopping");
        try
        {
            // A tick that finds the queue full changes nothing: work is being done.
            await using var ticks = time.CreateTimer(_ => _inputs.Writer.TryWrite(default), null, tickInterval, tickInterval);
            if (!log.TryReserve(0))
            {
                throw new IOException("no space is left on the disk of the log: make room and start again");
            }

            // What is committed is applied first: a membership change in it decides who votes.
            Drain();
            node.Campaign();
            Drain();
            _recovered.TrySetResult();
            while (await _inputs.Reader.WaitToReadAsync(cancel))
            {
                TakeInputs();
                Drain();
            }
        }
        finally
        {
            _recovered.TrySetCanceled(cancel);
            _inputs.Writer.TryComplete(ending);
            _pending.FailAll(ending);
            while (_inputs.Reader.TryRead(out var left))
            {
                left.Waiting?.TrySetException(ending);
            }
        }
    }

    private void TakeInputs()
    {
        _batchBytes = 0;
        for (int taken = 0; taken < MaximumBatch && _inputs.Reader.TryRead(out var input); taken++)
        {
            if (input.Command is null)
            {
                node.Tick();
                ProposeExpiry();
            }
            else
            {
                Propose(input.Command, input.Waiting);
            }
        }
    }

    /// <summary>Expiry is a command like any other, and only proposed when something is due: an idle store writes nothing.</summary>
    private void ProposeExpiry()
    {
        var now = time.GetUtcNow();
        if (now >= _nextExpiryCheck && node.Role == RaftRole.Leader)
        {
            _nextExpiryCheck = now + _expiryInterval;
            if (applier.Store.NextDeadline <= now)
            {
                // What is left over after the slice of one command has its turn with the next tick.
                _nextExpiryCheck = now;
                Propose(new StoreCommand(StoreAction.Expire, "/", now), waiting: null);
            }
        }
    }

    private void Propose(StoreCommand command, TaskCompletionSource<ProposalResult>? waiting)
    {
        ulong id = waiting is null ? 0 : _pending.Add(waiting);
        byte[] payload = StoreCommandCodec.Encode(id, command);
        if (!log.TryReserve(_batchBytes + WalRecord.HeaderSize + payload.Length))
        {
            metrics.CountFailedProposal();
            _pending.Complete(id, _diskIsFull);
            return;
        }

        _batchBytes += WalRecord.HeaderSize + payload.Length;
        if (node.Propose(payload) != ProposalStatus.Appended)
        {
            throw new InvalidOperationException("a lone member must lead before it takes proposals");
        }
    }

    private void Drain()
    {
        for (var ready = node.TakeReady(); !ready.IsEmpty; ready = node.TakeReady())
        {
            if (ready.MustPersist)
            {
                long started = time.GetTimestamp();
                log.Append(ready.HardState, ready.Entries);
                metrics.WalSync.Observe(time.GetElapsedTime(started));
            }

            foreach (var entry in ready.Committed)
            {
                Apply(entry);
            }

            node.Advance(ready);
        }

        Volatile.Write(ref _term, node.Term);
        Volatile.Write(ref _pendingCount, _pending.Count);
        if (snapshots.KeepUp(node.Applied, applier.TakeSnapshot) is { } covered)
        {
            node.Compact(covered);
            log.DeleteThrough(covered.Index, snapshots.SegmentsKept);
        }
    }

    private void Apply(Entry entry)
    {
        var applied = applier.Apply(entry);
        Volatile.Write(ref _appliedIndex, entry.Index);
        if (applied is var (id, outcome))
        {
            _pending.Complete(id, new ProposalResult(outcome, entry.Index, entry.Term));
        }
    }

    /// <summary>A proposal, or a tick when there is no command.</summary>
    private readonly record struct Input(StoreCommand? Command, TaskCompletionSource<ProposalResult>? Waiting);
}
