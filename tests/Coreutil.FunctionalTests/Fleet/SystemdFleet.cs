using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Coreutil.FunctionalTests.Units;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>
/// Three hosts with a real systemd on a network of their own, each with a member of an etcd of ours, fleetd by socket activation, and sshd. Debian's files come
/// from a root directory that build.sh keeps in the cache; each host writes on an overlay of it.
/// </summary>
internal sealed class SystemdFleet : IAsyncDisposable
{
    private const int Size = 3;
    private readonly string _directory;
    private readonly string _network;
    private readonly List<NspawnHost> _hosts = [];

    private SystemdFleet(string directory)
    {
        _directory = directory;
        _network = string.Create(CultureInfo.InvariantCulture, $"cf{Environment.ProcessId}");
    }

    private string? Original { get; init; }

    public ImmutableArray<string> Ids { get; } = [.. Enumerable.Range(1, Size).Select(number => string.Create(CultureInfo.InvariantCulture, $"{number}{new string('c', 31)}"))];

    /// <param name="directory">On a file system that overlays can be written on.</param>
    /// <param name="settings">Lines of fleet.conf besides the usual ones.</param>
    public static Task<SystemdFleet> StartAsync(string directory, params string[] settings) => StartMixedAsync(directory, null, settings);

    /// <param name="directory">On a file system that overlays can be written on.</param>
    /// <param name="original">A fleetd of the original for the second host, and a fleetctl beside it; null for ours everywhere.</param>
    /// <param name="settings">Lines of our fleet.conf besides the usual ones.</param>
    public static async Task<SystemdFleet> StartMixedAsync(string directory, string? original, params string[] settings)
    {
        var fleet = new SystemdFleet(directory) { Original = original };
        try
        {
            await fleet.BuildNetworkAsync();
            await ShellAsync($"ssh-keygen -q -t rsa -b 2048 -N '' -f {directory}/key");
            for (int number = 1; number <= Size; number++)
            {
                fleet._hosts.Add(await fleet.BootAsync(number, settings));
            }

            await fleet.UntilAsync(
                async () => (await fleet.RunAsync(0, "fleetctl list-machines --no-legend")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == Size,
                90,
                "not all machines register");
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command on a host, as root.</summary>
    public Task<Outcome> RunAsync(int host, string command, TimeSpan? limit = null) => _hosts[host].RunAsync(command, limit ?? TimeSpan.FromMinutes(2));

    public async Task UntilAsync(Func<Task<bool>> condition, int seconds, string failure)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(seconds))
            {
                Assert.Fail($"{failure}\n{await DescribeAsync()}");
            }

            await Task.Delay(250);
        }
    }

    /// <summary>The power fails.</summary>
    public Task CrashAsync(int host) => _hosts[host].CrashAsync();

    /// <summary>Takes a host's cable out, or puts it in again.</summary>
    public Task PlugAsync(int host, bool isIn) => ShellAsync($"nsenter --net=/run/netns/{_network} ip link set vb-{_hosts[host].Name} {(isIn ? "up" : "down")}");

    /// <summary>Main processes of units by host and unit, of those that run.</summary>
    public async Task<SortedDictionary<string, string>> MainPidsAsync(params string[] units)
    {
        var pids = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int host = 0; host < Size; host++)
        {
            var shown = await RunAsync(host, $"for u in {string.Join(' ', units)}; do echo $u $(systemctl show -p MainPID --value $u); done");
            foreach (string[] words in shown.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Where(words => words[1] != "0"))
            {
                pids[string.Create(CultureInfo.InvariantCulture, $"{host}/{words[0]}")] = words[1];
            }
        }

        return pids;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        await Published.RunAsync("ip", ["netns", "del", _network]);
        await Published.RunAsync("rm", ["-rf", _directory]);
    }

    private async Task<string> DescribeAsync()
    {
        var text = new System.Text.StringBuilder();
        for (int host = 0; host < _hosts.Count; host++)
        {
            var log = await RunAsync(host, "systemctl --no-pager list-units 'etcd*' 'fleet*' --all; journalctl -u etcd -u fleet --no-pager -n 25");
            text.AppendLine(log.Output).AppendLine(log.Error);
        }

        return text.ToString();
    }

    private Task BuildNetworkAsync() => ShellAsync($"""
        ip netns add {_network}
        ip -n {_network} link set lo up
        ip -n {_network} link add fleet0 type bridge
        ip -n {_network} addr add 172.18.0.1/16 dev fleet0
        ip -n {_network} link set fleet0 up
        """);

    private Task<NspawnHost> BootAsync(int number, string[] settings)
    {
        bool isOriginal = number == 2 && Original is not null;
        string[] binds = [$"{Published.Binary}:/usr/bin/coreutil", .. Original is null ? (string[])[] : [$"{Original}:/usr/bin/original"]];
        return NspawnHost.StartAsync(
            Path.Combine(_directory, $"n{number}"),
            upper => SystemdFleetFiles.WriteAsync(
                upper, number, Ids[number - 1], Path.Combine(_directory, "key"), isOriginal ? [] : settings, isOriginal ? "/usr/bin/original/fleetd" : "/usr/bin/fleetd"),
            (_network, "fleet0"),
            binds);
    }

    private static async Task ShellAsync(string script)
    {
        var outcome = await Published.RunAsync("/bin/bash", ["-ec", script]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
    }
}
