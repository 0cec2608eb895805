using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>
/// One member: the shell around the core as README.md of Coreutil.Raft wants it, with the mistakes that are to be caught. The disk works
/// while messages are stepped.
/// </summary>
internal sealed class SimulatedMember
{
    private readonly World _world;
    private MistakenWire _wire;
    private readonly Dictionary<ulong, RegisterOperation> _reads = [];
    private readonly List<(ulong Index, RegisterOperation Operation)> _confirmedReads = [];
    private readonly Dictionary<long, RegisterOperation> _proposals = [];
    private readonly Dictionary<ulong, RegisterSnapshot> _arrived = [];
    private RegisterMap _registers = new(RegisterSnapshot.Empty);
    private RegisterSnapshot? _beingSaved;
    private Ready? _underWay;
    private bool _isAdvancedEarly;
    private byte[] _lastPayload = [];
    private RaftRole _seenRole;
    private ulong _seenTerm;
    private ulong _seenCommit;

    public SimulatedMember(World world, NodeId id, IMemberDisk disk)
    {
        _world = world;
        Id = id;
        Disk = disk;
        _wire = new MistakenWire(this, world.Mistake, []);
    }

    public NodeId Id { get; }

    public IMemberDisk Disk { get; }

    /// <summary>Null while the process is down.</summary>
    public RaftNode? Node { get; private set; }

    /// <summary>Counts its lives: what was meant for an earlier one does not reach this.</summary>
    public int Life { get; private set; }

    public int TickLength { get; set; } = World.Tick;

    public int SlowDisk { get; set; } = 1;

    public long PausedUntil { get; set; }

    /// <summary>It noticed that its disk lost what it had acknowledged, or was removed: it stays down.</summary>
    public bool IsRetired { get; set; }

    public bool HasLied { get; set; }

    public RegisterMap Registers => _registers;

    public void Start()
    {
        var content = Disk.Recover();
        _wire = new MistakenWire(this, _world.Mistake, content.Entries);
        _isAdvancedEarly = false;
        _registers = new RegisterMap(content.Snapshot);
        Node = new RaftNode(_world.ConfigOf(Id), _world.Random, content.State, content.Snapshot.Metadata, content.Entries);
        (_seenRole, _seenTerm, _seenCommit) = (RaftRole.Follower, Node.Term, content.Snapshot.Metadata.Index);
        _world.Trace($"{Id} starts: term {Node.Term}, commit {Node.CommitIndex}, snapshot {content.Snapshot.Metadata.Index}, last {Node.LastEntry.Index}, members [{Node.Members}]");
        _world.At(TickLength, new Event.Tick(Id, Life));
        Turn();
    }

    public void Crash()
    {
        _world.Trace($"{Id} crashes");
        Node = null;
        Life++;
        _underWay = null;
        _beingSaved = null;
        _reads.Clear();
        _confirmedReads.Clear();
        _proposals.Clear();
        _arrived.Clear();
        Disk.Crash(_world.Random);
    }

    public void OnTick()
    {
        Node!.Tick();
        _world.At(TickLength, new Event.Tick(Id, Life));
        Turn();
    }

    public void OnMessage(Message message, RegisterSnapshot? content)
    {
        if (content is not null)
        {
            _arrived[content.Metadata.Index] = content;
        }

        Node!.Step(_wire.Received(message));
        Turn();
    }

    public void OnSnapshotReported(NodeId to, bool isDelivered)
    {
        Node!.ReportSnapshot(to, isDelivered);
        Turn();
    }

    public void TransferLeadership(NodeId to)
    {
        Node!.TransferLeadership(to);
        Turn();
    }

    public void ProposeChange(MembershipChange change)
    {
        Node!.ProposeMembership(change);
        Turn();
    }

    public bool Request(RegisterOperation operation)
    {
        if (operation.Action == RegisterAction.Read)
        {
            if (_world.Mistake == Mistake.ReadWithoutQuorum && Node!.Role == RaftRole.Leader)
            {
                _world.Answer(operation with { Seen = _registers.Read(operation.Key) });
                return true;
            }

            ulong request = _world.NextReadId();
            if (!Node!.ReadIndex(request))
            {
                return false;
            }

            _reads.Add(request, operation);
        }
        else
        {
            byte[] payload = operation.Encode();
            if (Node!.Propose(payload) is not (ProposalStatus.Appended or ProposalStatus.Forwarded))
            {
                return false;
            }

            if (_world.Mistake == Mistake.ProposeTwice && _lastPayload.Length > 0)
            {
                Node.Propose(_lastPayload);
            }

            _lastPayload = payload;

            _proposals.Add(operation.Id, operation);
        }

        Turn();
        return true;
    }

    public void OnSynced()
    {
        Disk.Sync();
        var done = _underWay!;
        _underWay = null;
        Finish(done);
        Turn();
    }

    /// <summary>A snapshot of the own state is on the disk.</summary>
    public void OnSaved()
    {
        var saved = _beingSaved!;
        _beingSaved = null;
        if (saved.Metadata.Index <= Disk.Snapshot.Metadata.Index)
        {
            return;
        }

        if (_world.Mistake == Mistake.ApplyDuringSnapshot)
        {
            saved = _registers.Snapshot(saved.Metadata);
        }

        Disk.Save(saved);
        Node!.Compact(saved.Metadata);
        Turn();
    }

    /// <summary>Everything that is due, as long as the disk is free.</summary>
    public void Turn()
    {
        Observe();
        while (_underWay is null && Node is not null)
        {
            var ready = Node.TakeReady();
            _world.Invariants.OnEntries(Node, ready.Entries);
            Observe();
            if (ready.IsEmpty)
            {
                return;
            }

            Send(ready.MessagesBeforePersist);
            if (ready.MustPersist)
            {
                Persist(ready);
            }
            else
            {
                Finish(ready);
            }
        }
    }

    private void Persist(Ready ready)
    {
        Disk.Write(new DiskBatch(ready.Snapshot is { } installed ? _arrived[installed.Index] : null, ready.HardState, ready.Entries));
        if (_world.Mistake == Mistake.AnswerBeforePersist)
        {
            Send(ready.MessagesAfterPersist);
        }

        int delay = 1 + _world.Random.Next(1 + (_world.Plan.SyncDelay * SlowDisk));
        _world.At(delay, new Event.Synced(Id, Life));
        if (ready.Snapshot is not null)
        {
            _world.OnInstall(this, delay);
        }

        _underWay = ready;
        if (_world.Mistake == Mistake.CountOwnDiskBeforeSync && Node!.Role == RaftRole.Leader)
        {
            Apply(ready);
            Node.Advance(ready);
            _isAdvancedEarly = true;
            Observe();
        }
    }

    private void Finish(Ready ready)
    {
        if (_world.Mistake != Mistake.AnswerBeforePersist || !ready.MustPersist)
        {
            Send(ready.MessagesAfterPersist);
        }

        if (ready.Snapshot is { } installed)
        {
            _registers = new RegisterMap(_arrived[installed.Index]);
            foreach (ulong index in _arrived.Keys.Where(index => index <= installed.Index).ToArray())
            {
                _arrived.Remove(index);
            }

            _world.Invariants.OnState(Id, installed.Index, _registers.Hash);
            _world.Trace($"{Id} installs the snapshot at {installed.Index}, members [{installed.Members}]");
        }

        // What is committed so far was counted by the members so far.
        Observe();
        if (!_isAdvancedEarly)
        {
            Apply(ready);
            Node!.Advance(ready);
        }

        _isAdvancedEarly = false;

        AnswerReads(ready);
        Observe();
        TakeSnapshot();
    }

    private void Apply(Ready ready)
    {
        foreach (var entry in _wire.ToApply(ready))
        {
            var operation = _registers.Apply(entry);
            _world.Invariants.OnApply(Id, entry, _registers.Hash);
            if (operation is not null && _proposals.Remove(operation.Id))
            {
                _world.Answer(operation);
            }

            if (entry.Kind == EntryKind.MembershipChange)
            {
                var change = MembershipChange.Decode(entry.Payload);
                var members = Node!.ApplyMembershipChange(change);
                _world.Trace($"{Id} applies {change.Kind} {change.Member} (entry {entry.Index}): [{members}]");
            }
        }
    }

    private void AnswerReads(Ready ready)
    {
        foreach (var read in ready.Reads)
        {
            if (_reads.Remove(read.RequestId, out var operation))
            {
                _confirmedReads.Add((_world.Mistake == Mistake.ReadBeforeApplied ? 0 : read.Index, operation));
            }
        }

        for (int at = _confirmedReads.Count - 1; at >= 0; at--)
        {
            var (index, operation) = _confirmedReads[at];
            if (index <= _registers.AppliedIndex)
            {
                _confirmedReads.RemoveAt(at);
                _world.Answer(operation with { Seen = _registers.Read(operation.Key) });
            }
        }
    }

    private void TakeSnapshot()
    {
        int every = _world.Plan.SnapshotEvery;
        if (every > 0 && _beingSaved is null && Node!.AppliedIndex == _registers.AppliedIndex && _registers.AppliedIndex >= Disk.Snapshot.Metadata.Index + (ulong)every)
        {
            var applied = Node.Applied;
            if (_world.Mistake == Mistake.SnapshotForgetsTheMembers)
            {
                applied = applied with { Members = _world.FirstMembers };
            }

            _beingSaved = _registers.Snapshot(applied);
            _world.At(_world.Random.Next(2 * World.Tick), new Event.Saved(Id, Life));
        }
    }

    private void Send(IEnumerable<Message> messages)
    {
        foreach (var message in messages)
        {
            var sent = _wire.Sent(message);
            if (sent is Message.InstallSnapshot install)
            {
                // The file may be newer than when the core asked.
                sent = install with { Snapshot = Disk.Snapshot.Metadata };
            }

            if (sent is Message.AnswerVote vote)
            {
                _world.Invariants.OnVote(vote);
            }

            _world.Send(sent, sent is Message.InstallSnapshot ? Disk.Snapshot : null);
        }
    }

    private void Observe()
    {
        var node = Node!;
        if (node.Role != _seenRole || node.Term != _seenTerm)
        {
            _world.Trace($"{Id} is {node.Role} in term {node.Term}{(node.Role == RaftRole.Leader ? $" with last entry {node.LastEntry.Index}" : "")}");
            (_seenRole, _seenTerm) = (node.Role, node.Term);
            if (node.Role == RaftRole.Leader)
            {
                _world.Invariants.OnLeader(node);
                _world.OnLeader(this);
            }
        }

        if (node.CommitIndex < _seenCommit)
        {
            throw new SimulationFailure("commit", $"{Id} went back from {_seenCommit} to {node.CommitIndex}");
        }

        if (node.CommitIndex > _seenCommit)
        {
            _world.Trace($"{Id} commits {node.CommitIndex}");
            _world.Invariants.OnCommit(node, _seenCommit);
            _seenCommit = node.CommitIndex;
        }
    }
}
