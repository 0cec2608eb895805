using System.Diagnostics;
using System.Text.Json;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>Members on machines of their own, started from a list of all of them.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    /// <summary>Long enough that a busy machine elects nobody by accident, short enough for many rounds.</summary>
    private static readonly string[] _timing = ["--heartbeat-interval", "50", "--election-timeout", "500"];

    private readonly TemporaryDirectory _directory = new();
    private readonly List<ClusterMember> _members = [];

    private TestCluster(ClusterNetwork network) => Network = network;

    public ClusterNetwork Network { get; }

    public IReadOnlyList<ClusterMember> Members => _members;

    public string Logs => string.Concat(_members.Select(member => $"--- {member.Name}\n{string.Join('\n', member.Log.Split('\n').TakeLast(60))}\n"));

    public static async Task<TestCluster> StartAsync(int size, params string[] arguments)
    {
        var cluster = await PrepareAsync(size);
        try
        {
            string list = string.Join(',', cluster._members.Select(member => $"{member.Name}={member.PeerUrl}"));
            foreach (var member in cluster._members)
            {
                member.Arguments = [.. _timing, "--initial-cluster", list, .. arguments];
                member.Start();
            }

            await cluster.UntilHealthyAsync();
            await cluster.UntilPublishedAsync(size);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Machines without a process yet.</summary>
    public static async Task<TestCluster> PrepareAsync(int size)
    {
        var cluster = new TestCluster(await ClusterNetwork.CreateAsync(size));
        for (int machine = 0; machine < size; machine++)
        {
            cluster.Place(machine, $"m{machine + 1}");
        }

        return cluster;
    }

    public string Directory(string name) => _directory[name];

    /// <summary>One more machine and a member for it, which is not started.</summary>
    public async Task<ClusterMember> AddMachineAsync(string name)
    {
        await Network.AddMachineAsync();
        return Place(_members.Count, name);
    }

    /// <summary>A member that takes the place of another on its machine, with nothing on its disk.</summary>
    public ClusterMember Replace(int machine, string name)
    {
        _members[machine] = MemberOf(machine, name);
        return _members[machine];
    }

    /// <summary>The etcdctl command with its endpoint, as an operator types it.</summary>
    public static async Task<(int ExitCode, string Output)> CtlAsync(ClusterMember through, params string[] arguments)
    {
        var outcome = await Published.RunAsync(Published.Link("etcdctl"), ["--no-sync", "--endpoint", through.ClientUrl, .. arguments]);
        return (outcome.ExitCode, outcome.Output + outcome.Error);
    }

    public async Task<ClusterMember> LeaderAsync()
    {
        ClusterMember? found = null;
        await UntilAsync(async () =>
        {
            foreach (var member in _members.Where(member => member.IsRunning))
            {
                if (await GetAsync($"{member.ClientUrl}/v2/members/leader") is { } leader)
                {
                    string name = leader.RootElement.GetProperty("name").GetString()!;
                    found = _members.FirstOrDefault(candidate => candidate.Name == name && candidate.IsRunning);
                }
            }

            return found is not null;
        }, TimeSpan.FromSeconds(30), "there is no leader");
        return found!;
    }

    public Task UntilHealthyAsync() => UntilAsync(
        async () =>
        {
            foreach (var member in _members)
            {
                if (!await Daemon.SucceedsAsync($"{member.ClientUrl}/health"))
                {
                    return false;
                }
            }

            return true;
        },
        TimeSpan.FromSeconds(60),
        "not every member is healthy");

    /// <summary>Each of so many members has told the others its name.</summary>
    public Task UntilPublishedAsync(int count) => UntilAsync(
        async () => (await CtlAsync(_members[0], "member", "list")).Output.Split("isLeader=").Length == count + 1, TimeSpan.FromSeconds(30), $"not {count} members are published");

    public async Task UntilAsync(Func<Task<bool>> condition, TimeSpan limit, string failure)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < limit, $"{failure} (waited {limit})\n{Logs}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }

        await Network.DisposeAsync();
        _directory.Dispose();
    }

    private static async Task<JsonDocument?> GetAsync(string url)
    {
        try
        {
            using var reply = await Daemon.Http.GetAsync(new Uri(url));
            return reply.IsSuccessStatusCode ? JsonDocument.Parse(await reply.Content.ReadAsStringAsync()) : null;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private ClusterMember Place(int machine, string name)
    {
        var member = MemberOf(machine, name);
        _members.Add(member);
        return member;
    }

    private ClusterMember MemberOf(int machine, string name) => new(name, Network.Address(machine), Network.Namespace(machine), _directory[name]);
}
