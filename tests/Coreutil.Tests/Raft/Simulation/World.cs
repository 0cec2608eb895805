using System.Globalization;
using System.Runtime.CompilerServices;
using Coreutil.Raft;
using Coreutil.Tests.Shared;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>
/// A cluster with its network, disks, clients and clock, all driven by one generator: the same plan gives the same run. First faults and
/// work, then everything heals and the cluster must agree and answer.
/// </summary>
internal sealed class World
{
    /// <summary>Units of time in a tick of a member whose clock is right.</summary>
    public const int Tick = 100;

    private const int HealedTicks = 400;
    private readonly PriorityQueue<Event, (long Time, long Order)> _events = new();
    private readonly List<SimulatedMember> _members = [];
    private readonly List<Client> _clients = [];
    private readonly Network _network;
    private readonly Queue<Fault> _fellings = [];
    private readonly Queue<Fault> _installerFellings = [];
    private readonly List<string>? _trace;
    private long _order;
    private long _moment;
    private long _operationId;
    private ulong _readId;
    private bool _isHealed;

    private World(SimulationPlan plan, Mistake mistake, List<string>? trace)
    {
        Plan = plan;
        Mistake = mistake;
        _trace = trace;
        Random = new SeededRandom((ulong)plan.Seed ^ 0x5EED_0000_0000_0000);
        _network = new Network(this);
        Invariants = new Invariants(this);
        FirstMembers = MemberSet.Of(Enumerable.Range(1, plan.Members).Select(id => new NodeId((ulong)id)));
    }

    public SimulationPlan Plan { get; }

    public Mistake Mistake { get; }

    public SeededRandom Random { get; }

    public Invariants Invariants { get; }

    public MemberSet FirstMembers { get; }

    public long Now { get; private set; }

    private SimulatedMember? Leader => _members.Where(member => member.Node is { Role: RaftRole.Leader }).MaxBy(member => member.Node!.Term);

    /// <summary>Null when nothing is wrong.</summary>
    public static SimulationFailure? Run(SimulationPlan plan, Mistake mistake = Mistake.None, List<string>? trace = null)
    {
        var world = new World(plan, mistake, trace);
        try
        {
            world.Run();
            return null;
        }
        catch (SimulationFailure failure)
        {
            world.Trace($"FAILED: {failure.Message}");
            return failure;
        }
#pragma warning disable CA1031 // Whatever the core, the log or the shell throws is what is looked for.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            world.Trace($"FAILED: {failure}");
            return new SimulationFailure(failure.GetType().Name, $"{failure.Message} ({failure.StackTrace?.Split('\n').FirstOrDefault()?.Trim()})");
        }
    }

    public bool IsTracing => _trace is not null;

    /// <summary>The text is only made where somebody reads it.</summary>
    public void Trace([InterpolatedStringHandlerArgument("")] TraceText text)
    {
        if (_trace is not null)
        {
            _trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Now / (double)Tick,8:F2} {text.ToString()}"));
        }
    }

    public void At(long delay, Event next) => _events.Enqueue(next, (Now + delay, _order++));

    public long NextMoment() => ++_moment;

    public long NextOperationId() => ++_operationId;

    public ulong NextReadId() => ++_readId;

    public RaftConfig ConfigOf(NodeId id) => new(id)
    {
        ElectionTicks = 10,
        HeartbeatTicks = 2,
        MaximumMessageBytes = Plan.MaximumMessageBytes,
        MaximumInflightMessages = Plan.MaximumInflightMessages,
        EntriesKeptBehindSnapshot = (ulong)Plan.EntriesKeptBehindSnapshot,
        MaximumUncommittedBytes = 2000,
    };

    public bool IsDurable(NodeId member, LogPosition position) => Member(member).Disk.IsDurable(position);

    public void Send(Message message, RegisterSnapshot? content) => _network.Send(message, content, Member(message.From).Life, _isHealed);

    public void Answer(RegisterOperation operation)
    {
        foreach (var client in _clients)
        {
            client.OnAnswer(operation);
        }
    }

    public void FellNextLeader(Fault fault) => _fellings.Enqueue(fault);

    public void FellNextInstaller(Fault fault) => _installerFellings.Enqueue(fault);

    /// <summary>Before the record of the snapshot is on the disk, or soon after.</summary>
    public void OnInstall(SimulatedMember member, int syncDelay)
    {
        if (!_isHealed && _installerFellings.TryDequeue(out var felling))
        {
            At(Random.Next(2 * syncDelay), new Event.Strike(felling with { Kind = FaultKind.Crash, Member = (int)member.Id.Value - 1 }));
        }
    }

    public void OnLeader(SimulatedMember member)
    {
        if (!_isHealed && _fellings.TryDequeue(out var felling))
        {
            // Some are silenced first, so that they collect what nobody else has.
            int delay = Random.Next(Tick / 2);
            var target = felling with { Member = (int)member.Id.Value - 1, Amount = 3 * felling.Amount };
            if (Random.Chance(50))
            {
                At(delay, new Event.Strike(target with { Kind = FaultKind.Silence }));
                delay += Random.Next(4 * Tick);
                At(delay, new Event.Strike(target with { Kind = FaultKind.Heal }));
            }

            At(delay, new Event.Strike(target with { Kind = FaultKind.Crash }));
        }
    }

    public SimulatedMember Member(NodeId id) => _members[(int)id.Value - 1];

    private void Run()
    {
        foreach (var _ in FirstMembers.Voters)
        {
            AddMember().Disk.Format(Bootstrap.Of([.. FirstMembers.Voters.Select(id => new MembershipChange(MembershipChangeKind.AddVoter, id))]));
        }

        foreach (var member in _members)
        {
            member.Start();
        }

        for (int client = 0; client < Plan.Clients; client++)
        {
            _clients.Add(new Client(this, client, Plan.OperationsPerClient));
            At(Random.Next(30 * Tick), new Event.ClientTurn(client));
        }

        foreach (var fault in Plan.Faults)
        {
            At(fault.AtTick * Tick, new Event.Strike(fault));
        }

        RunUntil(SimulationPlan.Ticks * Tick, () => false);
        Heal();
        RunUntil((SimulationPlan.Ticks + HealedTicks) * Tick, IsConverged);
        if (!IsConverged())
        {
            throw new SimulationFailure("liveness", $"after {HealedTicks} ticks without faults: {string.Join(", ", _members.Select(Describe))}");
        }

        CheckHistories();
    }

    private void RunUntil(long end, Func<bool> isDone)
    {
        int untilCheck = 0;
        while (_events.TryPeek(out _, out var due) && due.Time <= end)
        {
            Now = Math.Max(Now, due.Time);
            Dispatch(_events.Dequeue());
            if (--untilCheck < 0)
            {
                untilCheck = 20;
                if (isDone())
                {
                    return;
                }
            }
        }
    }

    private void Dispatch(Event next)
    {
        switch (next)
        {
            case Event.Tick tick:
                ToMember(tick.Member, tick.Life, next, member => member.OnTick());
                break;
            case Event.Deliver deliver:
                Deliver(deliver);
                break;
            case Event.Synced synced:
                ToMember(synced.Member, synced.Life, next, member => member.OnSynced());
                break;
            case Event.Saved saved:
                ToMember(saved.Member, saved.Life, next, member => member.OnSaved());
                break;
            case Event.ReportSnapshot report:
                ToMember(report.Member, report.Life, next, member => member.OnSnapshotReported(report.To, report.IsDelivered));
                break;
            case Event.Restart restart:
                if (Member(restart.Member) is { Node: null, IsRetired: false } down && down.Life == restart.Life)
                {
                    Guard(down, down.Start);
                }

                break;
            case Event.Strike strike:
                Trace($"--- {strike.Fault}");
                new Striker(this, _members, _network).Strike(strike.Fault, Leader, AddMember);
                break;
            case Event.ClientTurn turn:
                var any = AnyMember();
                _clients[turn.Client].Start(Random, operation => any.Node is not null && any.PausedUntil <= Now && any.Request(operation));
                At(20 + Random.Next(Plan.ThinkTicks * Tick), next);
                break;
            case Event.ClientTimeout timeout:
                _clients[timeout.Client].OnTimeout(timeout.Operation);
                break;
        }
    }

    private void Deliver(Event.Deliver deliver)
    {
        var message = deliver.Message;
        if (Plan.LosesWhatIsOnItsWay && Member(message.From).Life != deliver.SenderLife)
        {
            return;
        }

        if (Member(message.To) is { Node: not null } receiver)
        {
            ToMember(receiver.Id, receiver.Life, deliver, member => member.OnMessage(message, deliver.Content));
            if (!_isHealed && Random.Chance(1))
            {
                // It is not: a firewall in between refuses.
                receiver.Node?.ReportGone(message.From);
            }
        }
        else if (Random.Chance(30))
        {
            Member(message.From).Node?.ReportUnreachable(message.To);
            Member(message.From).Node?.ReportGone(message.To);
        }
    }

    private void ToMember(NodeId id, int life, Event due, Action<SimulatedMember> handle)
    {
        var member = Member(id);
        if (member.Node is null || member.Life != life)
        {
            return;
        }

        if (member.PausedUntil > Now)
        {
            At(member.PausedUntil - Now, due);
            return;
        }

        Guard(member, () => handle(member));
    }

    /// <summary>A member whose disk lied may notice; no other may find an invariant broken.</summary>
    private void Guard(SimulatedMember member, Action action)
    {
        try
        {
            action();
        }
        catch (RaftException noticed) when (member.HasLied)
        {
            Trace($"{member.Id} gives up: {noticed.Message}");
            member.IsRetired = true;
            member.Crash();
        }
    }

    /// <summary>In the end only a member that belongs to the cluster: a removed one cannot serve, and would only cost time.</summary>
    private SimulatedMember AnyMember() =>
        _isHealed && Leader?.Node is { } leader
            ? Member(leader.Members.Voters[Random.Next(leader.Members.Voters.Length)])
            : _members[Random.Next(_members.Count)];

    private SimulatedMember AddMember()
    {
        bool isLying = Plan.HasLyingDisk && _members.Count == 0;
        var member = new SimulatedMember(this, new NodeId((ulong)_members.Count + 1), Plan.UsesRealLog ? new WalDisk() : new RecordDisk(Mistake, isLying));
        _members.Add(member);
        return member;
    }

    private void Heal()
    {
        Trace($"--- everything heals");
        _isHealed = true;
        _network.Heal();
        foreach (var member in _members)
        {
            member.PausedUntil = 0;
            member.SlowDisk = 1;
            member.TickLength = Tick;
            if (member is { Node: null, IsRetired: false })
            {
                Guard(member, member.Start);
            }
        }

        foreach (var client in _clients)
        {
            client.Stop();
        }

        // One more client sees what is there in the end.
        _clients.Add(new Client(this, _clients.Count, 4 * RegisterMap.Keys));
        At(0, new Event.ClientTurn(_clients.Count - 1));
    }

    /// <summary>A leader, all its members where it is, and the last client served.</summary>
    private bool IsConverged() =>
        Leader is { Node: { } leader }
        && leader.AppliedIndex == leader.LastEntry.Index
        && leader.Members.Voters.Concat(leader.Members.Learners).Select(Member).All(
            member => member.IsRetired || (member.Node?.AppliedIndex == leader.AppliedIndex && member.Registers.AppliedIndex == leader.AppliedIndex))
        && _clients.TrueForAll(client => client.IsDone);

    private void CheckHistories()
    {
        TimedOperation<RegisterOperation>[] all = [.. _clients.SelectMany(client => client.History)];
        var seen = all.Select(past => past.Operation.Seen).ToHashSet();
        var checker = new Linearizability<long, RegisterOperation>(RegisterOperation.Step);
        foreach (var register in all.Where(past => past.Returned is not null || seen.Contains(past.Operation.Value)).GroupBy(past => past.Operation.Key))
        {
            // A write of unknown outcome whose value nobody saw may as well not have happened.
            if (checker.Check(0, [.. register]) == LinearizabilityVerdict.NotLinearizable)
            {
                string history = string.Join("; ", register.OrderBy(past => past.Called).Select(past => $"{past.Called}-{past.Returned} {past.Operation} saw {past.Operation.Seen}"));
                throw new SimulationFailure("linearizability", $"register {register.Key}: {history}");
            }
        }
    }

    private static string Describe(SimulatedMember member) => member.Node is { } node
        ? $"{member.Id} {node.Role} of {node.Leader} term {node.Term} commit {node.CommitIndex} applied {node.AppliedIndex} last {node.LastEntry.Index} [{node.Members}]"
        : $"{member.Id} down";
}
