using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>An etcd and three machines, all on this one. Its etcd can be taken away and given back.</summary>
internal sealed class FleetCluster : IAsyncDisposable
{
    private static readonly string[] _arguments = ["--heartbeat-interval", "100", "--election-timeout", "1000"];
    private readonly TemporaryDirectory _directory;
    private readonly int _port = Daemon.FreePort();
    private Daemon? _etcd;

    private FleetCluster(TemporaryDirectory directory) => _directory = directory;

    public ImmutableArray<FleetMachine> Machines { get; private set; } = [];

    public string Etcd => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    public FleetMachine this[int number] => Machines[number];

    public static async Task<FleetCluster> StartAsync(TemporaryDirectory directory, int machines = 3, params string[] arguments)
    {
        var cluster = new FleetCluster(directory);
        await cluster.StartEtcdAsync();
        cluster.Machines =
        [
            .. Enumerable.Range(1, machines).Select(number => new FleetMachine(
                directory[$"m{number}"], string.Create(CultureInfo.InvariantCulture, $"{number}{new string('a', 31)}"), cluster.Etcd, [$"--metadata=number={number}", .. arguments])),
        ];
        foreach (var machine in cluster.Machines)
        {
            await machine.StartAsync();
        }

        foreach (var machine in cluster.Machines)
        {
            await machine.UntilRegisteredAsync();
        }

        return cluster;
    }

    public async Task StartEtcdAsync() => (_etcd, _) = await Daemon.StartEtcdAsync(_directory["etcd"], _port, _arguments);

    public async Task KillEtcdAsync()
    {
        await _etcd!.EndAsync("KILL");
        await _etcd.DisposeAsync();
    }

    public async Task<string> WriteUnitAsync(string name, string text)
    {
        await File.WriteAllTextAsync(_directory[name], text);
        return _directory[name];
    }

    /// <summary>Waits until list-units, asked of the first machine, shows exactly these lines of unit, machine and state.</summary>
    public Task UntilUnitsAsync(string[] lines, int seconds = 60) => Machines[0].Process.UntilAsync(
        async () => (await Machines[0].FleetctlAsync("list-units", "--no-legend", "--full", "--fields=unit,machine,active")).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split('\t', StringSplitOptions.RemoveEmptyEntries)))
            .SequenceEqual(lines),
        TimeSpan.FromSeconds(seconds),
        $"the units are not {string.Join(", ", lines)}");

    public async Task<SortedDictionary<string, string>> MainPidsAsync(params string[] units)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var machine in Machines)
        {
            foreach (var (unit, pid) in await machine.MainPidsAsync(units))
            {
                all[unit] = pid;
            }
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in Machines)
        {
            await machine.DisposeAsync();
        }

        if (_etcd is not null)
        {
            await _etcd.DisposeAsync();
        }
    }
}
