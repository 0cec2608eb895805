using System.Globalization;
using Coreutil.Tests.Shared;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>
/// Faults on real processes while clients work, and their histories checked: no acknowledged write is lost, every key behaves as one copy would.
/// COREUTIL_FAULT_ROUNDS makes the run longer, COREUTIL_FAULT_SEED begins it elsewhere.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int RoundsOfThree = 15;
    private const int RoundsOfFive = 6;

    private static readonly (string Name, Func<TestCluster, Random, Task> Strike)[] _faults =
    [
        ("kill -9 of the leader", async (cluster, _) => await KillAsync(cluster, [await cluster.LeaderAsync()])),
        ("kill -9 of a follower", async (cluster, random) => await KillAsync(cluster, [(await FollowersAsync(cluster, random))[0]])),
        ("kill -9 of all", async (cluster, _) => await KillAsync(cluster, cluster.Members)),
        ("a frozen leader", async (cluster, _) => await FreezeAsync(await cluster.LeaderAsync())),
        ("a frozen follower", async (cluster, random) => await FreezeAsync((await FollowersAsync(cluster, random))[0])),
        ("the leader alone, both ways", async (cluster, _) => await IsolateAsync(cluster, await cluster.LeaderAsync(), outgoing: true, incoming: true)),
        ("the leader is not heard", async (cluster, _) => await IsolateAsync(cluster, await cluster.LeaderAsync(), outgoing: true, incoming: false)),
        ("the leader hears nobody", async (cluster, _) => await IsolateAsync(cluster, await cluster.LeaderAsync(), outgoing: false, incoming: true)),
        ("a follower alone", async (cluster, random) => await IsolateAsync(cluster, (await FollowersAsync(cluster, random))[0], outgoing: true, incoming: true)),
        ("a follower is not heard", async (cluster, random) => await IsolateAsync(cluster, (await FollowersAsync(cluster, random))[0], outgoing: true, incoming: false)),
        ("every way cut", async (cluster, _) => await CutAllAsync(cluster)),
        ("a flapping leader", async (cluster, _) => await FlapAsync(cluster, await cluster.LeaderAsync())),
        ("a rolling restart", async (cluster, _) => await RollAsync(cluster)),
        .. SlowDisk.IsPossible
            ? ((string, Func<TestCluster, Random, Task>)[])
            [
                ("slow disks", async (cluster, _) => await SlowAsync(cluster.Members, TimeSpan.FromMilliseconds(700), TimeSpan.FromSeconds(3))),
                ("the leader's disk hangs", async (cluster, _) => await SlowAsync([await cluster.LeaderAsync()], TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(8))),
            ]
            : [],
    ];

    [Fact]
    public Task Three_members_lose_nothing_whatever_happens_to_them() => RunAsync(3, Asked("COREUTIL_FAULT_ROUNDS", RoundsOfThree));

    [Fact]
    public Task Five_members_lose_nothing_whatever_happens_to_them() =>
        RunAsync(5, (int)Math.Ceiling(Asked("COREUTIL_FAULT_ROUNDS", RoundsOfThree) * (double)RoundsOfFive / RoundsOfThree));

    // The check can fail: a lost write, a stale read, a swap that both sides believe in.
    [Theory]
    [InlineData(false, "w:a:0:1 r:a:2:3 r:a:4:5")]
    [InlineData(true, "w:a:0:1 r:-:2:3")]            // acknowledged, and gone
    [InlineData(true, "w:a:0:1 w:b:2:3 r:a:4:5")]    // an older value after a newer one was acknowledged
    [InlineData(false, "w:a:0:1 w:b:2:? r:a:4:5")]   // an unanswered write may have failed,
    [InlineData(false, "w:a:0:1 w:b:2:? r:b:4:5")]   // or not,
    [InlineData(true, "w:a:0:1 w:b:2:? r:b:4:5 r:a:6:7")] // but not both
    [InlineData(true, "w:a:0:1 c:b:2:5 c:d:3:4")]    // two swaps of the same value
    public void A_history_that_no_single_copy_could_have_is_found(bool isViolation, string history)
    {
        TimedOperation<RegisterOperation>[] operations =
        [
            .. history.Split(' ').Select(word => word.Split(':')).Select(part => new TimedOperation<RegisterOperation>(
                part[0] switch
                {
                    "w" => new RegisterOperation.Write(part[1]),
                    "c" => new RegisterOperation.CompareAndSwap("a", part[1], Swapped: true),
                    _ => new RegisterOperation.Read(part[1] == "-" ? null : part[1]),
                },
                long.Parse(part[2], CultureInfo.InvariantCulture),
                part[3] == "?" ? null : long.Parse(part[3], CultureInfo.InvariantCulture))),
        ];

        Assert.Equal(
            isViolation ? LinearizabilityVerdict.NotLinearizable : LinearizabilityVerdict.Linearizable,
            new Linearizability<string?, RegisterOperation>(RegisterOperation.Step).Check(null, operations));
    }

    private static int Asked(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    private async Task RunAsync(int size, int rounds)
    {
        int first = Asked("COREUTIL_FAULT_SEED", 1);
        // Few entries a snapshot, so that a member that was away may need one.
        await using var cluster = await TestCluster.StartAsync(size, "--snapshot-count", "200");
        int answered = 0;
        for (int round = first; round < first + rounds; round++)
        {
            // The five begin where the three do not come to in a short run.
            var (name, strike) = _faults[(round - 1 + (size == 5 ? _faults.Length / 2 : 0)) % _faults.Length];
            var random = new Random(round);
            using var clients = new RegisterClients([.. cluster.Members.Select(member => member.ClientUrl)], $"r{round}-", round);
            using var until = new CancellationTokenSource();
            var working = clients.RunAsync(until.Token);
            await Task.Delay(300 + random.Next(300));
            await strike(cluster, random);
            await cluster.UntilHealthyAsync();
            await Task.Delay(200);
            await until.CancelAsync();
            await working;
            await clients.ReadAllAsync();
            Assert.True(clients.FindViolation() is null, $"{size} members, round {round} ({name}): {clients.FindViolation()}\n{cluster.Logs}");
            Assert.True(clients.AnsweredWrites > 0, $"{size} members, round {round} ({name}): not one write was answered\n{cluster.Logs}");
            answered += clients.Answered;
            output.WriteLine($"{size} members, round {round}, {name}: {clients.Answered} operations answered");
        }

        output.WriteLine($"{size} members: {rounds} rounds, {answered} operations answered, all linearizable");
    }

    private static async Task<ClusterMember[]> FollowersAsync(TestCluster cluster, Random random)
    {
        var leader = await cluster.LeaderAsync();
        ClusterMember[] followers = [.. cluster.Members.Where(member => member != leader)];
        random.Shuffle(followers);
        return followers;
    }

    private static async Task KillAsync(TestCluster cluster, IReadOnlyList<ClusterMember> members)
    {
        await Task.WhenAll(members.Select(member => member.EndAsync("KILL")));
        // Long enough for an election without them.
        await Task.Delay(members.Count < cluster.Members.Count ? 1500 : 200);
        foreach (var member in members)
        {
            member.Start();
        }
    }

    private static async Task FreezeAsync(ClusterMember member)
    {
        await member.SignalAsync("STOP");
        await Task.Delay(1800);
        await member.SignalAsync("CONT");
    }

    private static async Task IsolateAsync(TestCluster cluster, ClusterMember member, bool outgoing, bool incoming)
    {
        int machine = cluster.Members.ToList().IndexOf(member);
        for (int other = 0; other < cluster.Members.Count; other++)
        {
            if (other != machine && outgoing)
            {
                await cluster.Network.CutAsync(machine, other);
            }

            if (other != machine && incoming)
            {
                await cluster.Network.CutAsync(other, machine);
            }
        }

        await Task.Delay(2000);
        await cluster.Network.HealAsync();
    }

    private static async Task CutAllAsync(TestCluster cluster)
    {
        for (int from = 0; from < cluster.Members.Count; from++)
        {
            for (int to = 0; to < cluster.Members.Count; to++)
            {
                if (from != to)
                {
                    await cluster.Network.CutAsync(from, to);
                }
            }
        }

        await Task.Delay(2000);
        await cluster.Network.HealAsync();
    }

    private static async Task FlapAsync(TestCluster cluster, ClusterMember member)
    {
        int machine = cluster.Members.ToList().IndexOf(member);
        for (int flap = 0; flap < 5; flap++)
        {
            await cluster.Network.CutAsync(machine, (machine + 1) % cluster.Members.Count);
            await cluster.Network.CutAsync((machine + 2) % cluster.Members.Count, machine);
            await Task.Delay(250);
            await cluster.Network.HealAsync();
            await Task.Delay(150);
        }
    }

    private static async Task SlowAsync(IReadOnlyList<ClusterMember> members, TimeSpan delay, TimeSpan duration)
    {
        var disks = await Task.WhenAll(members.Select(member => SlowDisk.OfAsync(member, delay)));
        await Task.Delay(duration);
        await Task.WhenAll(disks.Select(disk => disk.DisposeAsync().AsTask()));
    }

    private static async Task RollAsync(TestCluster cluster)
    {
        foreach (var member in cluster.Members)
        {
            await member.EndAsync("TERM");
            member.Start();
            await cluster.UntilHealthyAsync();
        }
    }
}
