using System.Globalization;
using System.Net.NetworkInformation;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>
/// A bridge with a network namespace for each machine, made by the test and removed with it. A machine can be kept from sending to another: each way
/// by itself, as real networks fail.
/// </summary>
internal sealed class ClusterNetwork : IAsyncDisposable
{
    private const int Subnets = 250;
    private static int _count;
    private readonly int _subnet;
    private readonly string _name;
    private readonly List<string> _namespaces = [];

    private ClusterNetwork()
    {
        int number = Interlocked.Increment(ref _count);
        _subnet = FreeSubnet((Environment.ProcessId * 7) + number);
        _name = string.Create(CultureInfo.InvariantCulture, $"cu{Environment.ProcessId % 100000}-{number}");
    }

    public static async Task<ClusterNetwork> CreateAsync(int machines)
    {
        Assert.SkipUnless(Environment.UserName == "root", "network namespaces need root");
        Assert.SkipUnless(File.Exists("/usr/sbin/ip") || File.Exists("/sbin/ip"), "the command ip (package iproute2) is not here");
        var network = new ClusterNetwork();
        try
        {
            await IpAsync("link", "add", network._name, "type", "bridge");
            await IpAsync("address", "add", $"{network.Gateway}/24", "dev", network._name);
            await IpAsync("link", "set", network._name, "up");
            for (int machine = 0; machine < machines; machine++)
            {
                await network.AddMachineAsync();
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public string Namespace(int machine) => _namespaces[machine];

    public string Address(int machine) => string.Create(CultureInfo.InvariantCulture, $"10.213.{_subnet}.{machine + 1}");

    /// <summary>The bridge's own address, where the test itself is.</summary>
    public string Gateway => $"10.213.{_subnet}.254";

    public async Task AddMachineAsync()
    {
        int machine = _namespaces.Count;
        string space = $"{_name}-{machine}";
        string outside = $"{_name}v{machine}";
        await IpAsync("netns", "add", space);
        _namespaces.Add(space);
        await IpAsync("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", space);
        await IpAsync("link", "set", outside, "master", _name, "up");
        await IpAsync("-n", space, "address", "add", $"{Address(machine)}/24", "dev", "eth0");
        await IpAsync("-n", space, "link", "set", "eth0", "up");
        await IpAsync("-n", space, "link", "set", "lo", "up");
    }

    /// <summary>Nothing of one machine reaches the other any more; what the other sends still arrives.</summary>
    public Task CutAsync(int from, int to) => IpAsync("-n", _namespaces[from], "route", "add", "blackhole", Address(to));

    /// <summary>What the machines' /etc/resolv.conf says from now on: ip-netns(8) puts a file of the namespace over it.</summary>
    public void UseNameServer(string address)
    {
        foreach (string space in _namespaces)
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Settings(space)).FullName, "resolv.conf"), $"nameserver {address}\n");
        }
    }

    public async Task HealAsync()
    {
        foreach (string space in _namespaces)
        {
            for (int machine = 0; machine < _namespaces.Count; machine++)
            {
                await Published.RunAsync("ip", ["-n", space, "route", "del", "blackhole", Address(machine)]);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string space in _namespaces)
        {
            await Published.RunAsync("ip", ["netns", "del", space]);
            if (Directory.Exists(Settings(space)))
            {
                Directory.Delete(Settings(space), recursive: true);
            }
        }

        await Published.RunAsync("ip", ["link", "del", _name]);
    }

    private static string Settings(string space) => $"/etc/netns/{space}";

    /// <summary>One that no bridge here has: an earlier run that was killed leaves its own behind, and two of one subnet hear nothing.</summary>
    private static int FreeSubnet(int first)
    {
        var taken = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address.ToString())
            .ToHashSet();
        return Enumerable.Range(first, Subnets).Select(number => number % Subnets)
            .First(subnet => !taken.Contains(string.Create(CultureInfo.InvariantCulture, $"10.213.{subnet}.254")));
    }

    private static async Task IpAsync(params string[] arguments)
    {
        var outcome = await Published.RunAsync("ip", arguments);
        Assert.True(outcome.ExitCode == 0, $"ip {string.Join(' ', arguments)}: {outcome.Error}");
    }
}
