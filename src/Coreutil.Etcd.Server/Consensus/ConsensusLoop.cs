using System.Threading.Channels;
using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Consensus;

/// <summary>
/// The only loop: tick, step, persist, send, apply, in this order, which is the safety argument: what is applied and answered was on the
/// disk before. All proposals that wait go into one batch and share its sync.
/// </summary>
internal sealed class ConsensusLoop(
    RaftNode node, WriteAheadLog log, KeyStore store, EntryApplier applier, SnapshotKeeper snapshots, ulong appliedIndex, TimeProvider time, TimeSpan tickInterval)
{
    /// <summary>etcd's cadence: a key outlives its TTL by at most this and a commit (etcd.md §1.8).</summary>
    private static readonly TimeSpan _expiryInterval = TimeSpan.FromMilliseconds(500);

    private const int MaximumBatch = 1024;

    /// <summary>Full means the disk is behind: requests then wait in their own tasks.</summary>
    private readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(new BoundedChannelOptions(4 * MaximumBatch) { SingleReader = true });

    private readonly PendingProposals _pending = new((ulong)time.GetUtcNow().UtcTicks);
    private DateTimeOffset _nextExpiryCheck;
    private ulong _appliedIndex = appliedIndex;
    private ulong _term;

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
            node.Campaign();
            Drain();
            while (await _inputs.Reader.WaitToReadAsync(cancel))
            {
                TakeInputs();
                Drain();
            }
        }
        finally
        {
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
            if (store.NextDeadline <= now)
            {
                Propose(new StoreCommand(StoreAction.Expire, "/", now), waiting: null);
            }
        }
    }

    private void Propose(StoreCommand command, TaskCompletionSource<ProposalResult>? waiting)
    {
        ulong id = waiting is null ? 0 : _pending.Add(waiting);
        if (node.Propose(StoreCommandCodec.Encode(id, command)) is null)
        {
            throw new InvalidOperationException("a lone member must lead before it takes proposals");
        }
    }

    private void Drain()
    {
        for (var ready = node.TakeReady(); !ready.IsEmpty; ready = node.TakeReady())
        {
            if (ready.HardState is not null || !ready.Entries.IsEmpty)
            {
                log.Append(ready.HardState, ready.Entries);
            }

            foreach (var entry in ready.Committed)
            {
                Apply(entry);
            }

            node.Advance(ready);
        }

        Volatile.Write(ref _term, node.Term);
        if (snapshots.KeepUp(store.View, new LogPosition(node.Term, AppliedIndex)) is { } covered)
        {
            node.CompactThrough(covered);
            log.DeleteThrough(covered);
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
