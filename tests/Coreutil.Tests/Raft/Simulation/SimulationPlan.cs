using System.Collections.Immutable;

namespace Coreutil.Tests.Raft.Simulation;

internal enum FaultKind
{
    Crash,
    CrashAll,
    Isolate,
    Deafen,
    Silence,
    Split,
    Heal,
    Pause,
    Skew,
    SlowDisk,
    TransferLeadership,
    AddVoter,
    AddLearner,
    RemoveMember,
    LyingCrash,

    /// <summary>The next member that becomes leader crashes soon after.</summary>
    FellNextLeader,

    /// <summary>The next member that installs a snapshot crashes at it.</summary>
    FellNextInstaller,
}

/// <summary>One thing that happens to the cluster. Member -1 is whoever leads then.</summary>
/// <param name="Amount">How long, how much or which members, by kind.</param>
internal sealed record Fault(int AtTick, FaultKind Kind, int Member, int Amount)
{
    public override string ToString() => $"tick {AtTick}: {Kind} {(Member < 0 ? "the leader" : $"member {Member}")} ({Amount})";
}

/// <summary>All that a run is made from: the same plan gives the same run. Shrinking makes smaller plans of a failing one.</summary>
internal sealed record SimulationPlan
{
    public const int Ticks = 400;

    public required int Seed { get; init; }

    public required int Members { get; init; }

    public int DropPercent { get; init; }

    public int DuplicatePercent { get; init; }

    /// <summary>Messages that are late by up to some ticks, and so overtaken.</summary>
    public int LatePercent { get; init; }

    /// <summary>A crash takes what the member had sent and what had not arrived yet: the machine fell, not only the process.</summary>
    public bool LosesWhatIsOnItsWay { get; init; }

    public int MaximumMessageBytes { get; init; }

    public int MaximumInflightMessages { get; init; }

    public int EntriesKeptBehindSnapshot { get; init; }

    /// <summary>0: never.</summary>
    public int SnapshotEvery { get; init; }

    /// <summary>Hundredths of a tick.</summary>
    public int SyncDelay { get; init; }

    public int Clients { get; init; }

    public int OperationsPerClient { get; init; }

    /// <summary>Between two operations of a client, at most.</summary>
    public int ThinkTicks { get; init; }

    /// <summary>After which a client gives an operation up.</summary>
    public int PatienceTicks { get; init; }

    public int KeysUsed { get; init; }

    public bool UsesRealLog { get; init; }

    public bool HasLyingDisk { get; init; }

    public ImmutableArray<Fault> Faults { get; init; } = [];

    public static SimulationPlan Of(int seed)
    {
        var random = new SeededRandom((ulong)seed);
        bool isLossy = random.Chance(70);
        bool hasMembershipChanges = random.Chance(40);
        bool hasLyingDisk = !hasMembershipChanges && random.Chance(15);
        int members = random.Of(1, 2, 3, 3, 3, 3, 3, 4, 5, 5);
        return new SimulationPlan
        {
            Seed = seed,
            Members = members,
            DropPercent = isLossy ? random.Of(0, 1, 5, 10, 25) : 0,
            DuplicatePercent = isLossy ? random.Of(0, 1, 5, 20) : 0,
            LatePercent = isLossy ? random.Of(0, 2, 10, 30) : 0,
            LosesWhatIsOnItsWay = random.Chance(50),
            MaximumMessageBytes = random.Of(0, 0, 100, 1000, 1 << 20),
            MaximumInflightMessages = random.Of(1, 2, 8, 256),
            EntriesKeptBehindSnapshot = random.Of(0, 2, 20, 1000),
            SnapshotEvery = random.Of(0, 3, 10, 10, 40),
            SyncDelay = random.Of(1, 20, 50, 200),
            Clients = 1 + random.Next(6),
            OperationsPerClient = 5 + random.Next(25),
            ThinkTicks = random.Of(1, 3, 10),
            PatienceTicks = random.Of(4, 12, 40),
            KeysUsed = 1 + random.Next(RegisterMap.Keys),
            UsesRealLog = !hasLyingDisk && random.Chance(6),
            HasLyingDisk = hasLyingDisk,
            Faults = [.. FaultsOf(random, members, hasMembershipChanges, hasLyingDisk).OrderBy(fault => fault.AtTick)],
        };
    }

    public override string ToString() =>
        $"seed {Seed}: {Members} members, drop {DropPercent} %, duplicate {DuplicatePercent} %, late {LatePercent} %{(LosesWhatIsOnItsWay ? ", crash loses what is on its way" : "")}, message {MaximumMessageBytes} bytes, "
        + $"window {MaximumInflightMessages}, kept {EntriesKeptBehindSnapshot}, snapshot every {SnapshotEvery}, sync {SyncDelay}, "
        + $"{Clients} clients x {OperationsPerClient} operations on {KeysUsed} keys, think {ThinkTicks}, patience {PatienceTicks}{(UsesRealLog ? ", real log" : "")}{(HasLyingDisk ? ", lying disk" : "")}"
        + string.Concat(Faults.Select(fault => $"\n  {fault}"));

    /// <summary>Some runs are storms: leaders fall as soon as they rise, so that logs part and must find together again (Raft figures 7 and 8).</summary>
    private static IEnumerable<Fault> FaultsOf(SeededRandom random, int members, bool hasMembershipChanges, bool hasLyingDisk)
    {
        bool isStorm = random.Chance(35);
        int count = isStorm ? 20 + random.Next(50) : random.Next(16);
        for (int fault = 0; fault < count; fault++)
        {
            yield return Make(isStorm
                ? random.Of(
                    FaultKind.Crash, FaultKind.CrashAll, FaultKind.Isolate, FaultKind.Isolate, FaultKind.Silence, FaultKind.Split, FaultKind.Heal, FaultKind.Heal, FaultKind.Heal,
                    FaultKind.FellNextLeader, FaultKind.FellNextLeader, FaultKind.FellNextLeader, FaultKind.FellNextInstaller)
                : random.Of(
                    FaultKind.Crash, FaultKind.Crash, FaultKind.Crash, FaultKind.CrashAll, FaultKind.Isolate, FaultKind.Isolate, FaultKind.Deafen, FaultKind.Silence,
                    FaultKind.Split, FaultKind.Heal, FaultKind.Heal, FaultKind.Pause, FaultKind.Skew, FaultKind.SlowDisk, FaultKind.TransferLeadership,
                    FaultKind.FellNextInstaller));
        }

        for (int change = hasMembershipChanges ? 1 + random.Next(8) : 0; change > 0; change--)
        {
            yield return Make(random.Of(FaultKind.AddVoter, FaultKind.AddVoter, FaultKind.AddLearner, FaultKind.RemoveMember, FaultKind.RemoveMember));
        }

        for (int lie = hasLyingDisk ? 1 + random.Next(3) : 0; lie > 0; lie--)
        {
            yield return Make(FaultKind.LyingCrash);
        }

        Fault Make(FaultKind kind) =>
            new(random.Next(Ticks), kind, random.Chance(isStorm ? 70 : 40) ? -1 : random.Next(members + 2), 1 + random.Next(isStorm ? 12 : 60));
    }
}
