using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>A fleetd with a supervisor of its own, in a directory of its own: several of them make a fleet on one machine.</summary>
internal sealed class FleetMachine : IAsyncDisposable
{
    private readonly string _directory;
    private readonly string[] _arguments;
    private Daemon? _daemon;
    private string _ended = "";

    public FleetMachine(string directory, string id, string etcd, params string[] arguments)
    {
        (_directory, Id) = (directory, id);
        Port = Daemon.FreePort();
        Directory.CreateDirectory(directory);
        _arguments =
        [
            $"--etcd-servers={etcd}", $"--machine-id={id}", "--public-ip=127.0.0.1", $"--state-dir={directory}", "--unit-manager=embedded", "--agent-ttl=3s",
            "--engine-reconcile-interval=0.5", "--leave-running=true", $"--listen=unix://{Socket},http://127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}",
            .. arguments,
        ];
    }

    public string Id { get; }

    public int Port { get; }

    public string Socket => Path.Combine(_directory, "fleet.sock");

    public string Log => _daemon?.Log ?? _ended;

    public Daemon Process => _daemon ?? throw new InvalidOperationException("not started");

    public async Task StartAsync(params string[] arguments) => _daemon = await Daemon.StartAsync(
        Published.Link("fleetd"), [.. _arguments, .. arguments], () => Task.FromResult(File.Exists(Socket)));

    /// <summary>Until the cluster knows it: its own API says so.</summary>
    public Task UntilRegisteredAsync() => Process.UntilAsync(
        async () => (await FleetctlAsync("list-machines", "--no-legend", "--full", "--fields=machine")).Output.Contains(Id, StringComparison.Ordinal),
        TimeSpan.FromSeconds(60),
        "it does not register");

    public Task<Outcome> FleetctlAsync(params string[] arguments) => Published.RunAsync(
        Published.Link("fleetctl"), arguments, environment: new Dictionary<string, string> { ["FLEETCTL_ENDPOINT"] = $"unix://{Socket}" });

    /// <summary>Ends fleetd alone; the units go on.</summary>
    public async Task<int> EndAsync(string signal)
    {
        int code = await Process.EndAsync(signal);
        await Process.DisposeAsync();
        _ended = Process.Log;
        _daemon = null;
        return code;
    }

    /// <summary>The main processes of the units that run here, by unit.</summary>
    public async Task<SortedDictionary<string, string>> MainPidsAsync(params string[] units)
    {
        var pids = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string unit in units)
        {
            var shown = await Published.RunAsync(Published.Binary, ["unitctl", "--state-dir", Path.Combine(_directory, "unitd"), "show", "-p", "MainPID", unit]);
            if (shown.Output.Trim().Replace("MainPID=", "", StringComparison.Ordinal) is { Length: > 0 } pid and not "0")
            {
                pids[$"{Id}/{unit}"] = pid;
            }
        }

        return pids;
    }

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
        }

        // The supervisor is a process of its own, and so are its units: a test leaves neither behind.
        if (File.Exists(Path.Combine(_directory, "unitd", "unitd.sock")))
        {
            _daemon = await Daemon.StartAsync(
                Published.Link("fleetd"), [.. _arguments, "--leave-running=false", "--disable-engine=true"], () => Task.FromResult(File.Exists(Socket)));
            await _daemon.EndAsync("TERM");
            await _daemon.DisposeAsync();
        }

        await EndSupervisorAsync(_directory);
    }

    /// <summary>Ends the supervisor that a fleetd with this state directory started, and its units.</summary>
    public static async Task EndSupervisorAsync(string directory)
    {
        foreach (string pid in UnitdPids(directory))
        {
            await Published.RunAsync("/bin/kill", ["-s", "TERM", pid]);
        }
    }

    private static string[] UnitdPids(string directory) =>
    [
        .. Directory.GetDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Where(process => CommandLine(process).Contains($"--state-dir\0{Path.Combine(directory, "unitd")}\0", StringComparison.Ordinal))
            .Select(process => Path.GetFileName(process)),
    ];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
