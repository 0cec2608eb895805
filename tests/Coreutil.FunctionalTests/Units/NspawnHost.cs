using System.Diagnostics;
using System.Globalization;

namespace Coreutil.FunctionalTests.Units;

/// <summary>A machine with a real systemd: Debian's, booted by systemd-nspawn on an overlay of a root directory that build.sh keeps in the cache.</summary>
internal sealed class NspawnHost : IAsyncDisposable
{
    private static int _count;

    private readonly Process _process;
    private readonly string _directory;
    private readonly string _name;
    private readonly string _leader;

    private NspawnHost(Process process, string directory, string name, string leader)
    {
        _process = process;
        _directory = directory;
        _name = name;
        _leader = leader;
    }

    public static string Root => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "coreutil", "bookworm-systemd");

    public static bool IsPossible => Environment.UserName == "root" && Directory.Exists(Root) && File.Exists("/usr/bin/systemd-nspawn");

    public static void SkipUnlessPossible()
    {
        Assert.SkipUnless(Environment.UserName == "root", "hosts with systemd are made as root only");
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-nspawn"), "systemd-nspawn is missing: install systemd-container");
        Assert.SkipUnless(Directory.Exists(Path.Combine(Root, "etc")), $"the root directory of hosts is missing: {Root} (./build.sh test makes it)");
    }

    /// <summary>Short enough for the name of a network interface.</summary>
    public string Name => _name;

    /// <summary>Boots a host whose files are <paramref name="prepare"/>'s on top of Debian's.</summary>
    /// <param name="directory">On a file system that overlays can be written on.</param>
    /// <param name="prepare">Fills the upper directory of the overlay.</param>
    /// <param name="network">A network namespace and the bridge in it; null for no network.</param>
    /// <param name="binds">What it sees of this machine, read-only, as <c>from:to</c>.</param>
    public static async Task<NspawnHost> StartAsync(string directory, Func<string, Task> prepare, (string Namespace, string Bridge)? network = null, params string[] binds)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"c{Environment.ProcessId % 100000}n{Interlocked.Increment(ref _count)}");
        foreach (string part in (string[])["upper", "work", "root"])
        {
            Directory.CreateDirectory(Path.Combine(directory, part));
        }

        await prepare(Path.Combine(directory, "upper"));

        // nsenter, for ip netns exec mounts /sys anew.
        string enter = network is null ? "" : $"nsenter --net=/run/netns/{network.Value.Namespace}";
        string connect = network is null ? "--private-network" : $"--network-bridge={network.Value.Bridge}";
        string seen = string.Join(' ', binds.Select(bind => $"--bind-ro={bind}"));

        // Each container begins in a cgroup of its own: two of them would fight over one.
        string script = $"""
            set -e
            for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
              [ -f $hierarchy/cgroup.procs ] || continue
              mkdir -p $hierarchy/{name} && echo $BASHPID >$hierarchy/{name}/cgroup.procs
            done
            mount -t overlay overlay -o lowerdir={Root},upperdir={directory}/upper,workdir={directory}/work {directory}/root
            exec {enter} systemd-nspawn -q -D {directory}/root --boot --keep-unit --register=no {connect} -M {name} {seen} --console=pipe </dev/null
            """;
        var process = Published.Start("unshare", ["--mount", "--propagation", "private", "bash", "-c", script]);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        string leader = await LeaderOfAsync(process);
        var host = new NspawnHost(process, directory, name, leader);
        await host.BootedAsync();
        return host;
    }

    /// <summary>Runs a command inside, as root.</summary>
    public Task<Outcome> RunAsync(string command, TimeSpan? limit = null) =>
        Published.RunAsync("nsenter", ["-t", _leader, "-m", "-p", "-u", "-i", "-n", "--", "/bin/bash", "-c", command], limit);

    /// <summary>Starts a command inside and leaves it running; it ends with the host.</summary>
    public Task StartInsideAsync(string command) => RunAsync($"setsid bash -c '{command}' >/dev/null 2>&1 </dev/null & sleep 0.1");

    /// <summary>A file of the host, read from outside.</summary>
    public string Inside(string path) => $"/proc/{_leader}/root{path}";

    /// <summary>The power fails.</summary>
    public Task CrashAsync() => Published.RunAsync("kill", ["-KILL", _leader]);

    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
        foreach (string hierarchy in (string[])["/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup"])
        {
            if (Directory.Exists($"{hierarchy}/{_name}"))
            {
                await Published.RunAsync("find", [$"{hierarchy}/{_name}", "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
            }
        }

        await Published.RunAsync("rm", ["-rf", _directory]);
    }

    private static async Task<string> LeaderOfAsync(Process nspawn)
    {
        for (int attempt = 0; attempt < 300; attempt++)
        {
            Assert.False(nspawn.HasExited, "systemd-nspawn ended at once");
            string children = $"/proc/{nspawn.Id.ToString(CultureInfo.InvariantCulture)}/task/{nspawn.Id.ToString(CultureInfo.InvariantCulture)}/children";
            string leader = File.ReadAllText(children).Trim();
            if (leader.Length > 0 && !leader.Contains(' ', StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{nspawn.Id.ToString(CultureInfo.InvariantCulture)}/comm").StartsWith("systemd-nspawn", StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{leader}/comm").Trim() is "systemd" or "init")
            {
                return leader;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("the host's first process did not appear");
    }

    private async Task BootedAsync()
    {
        for (int attempt = 0; attempt < 300; attempt++)
        {
            if ((await RunAsync("systemctl is-system-running")).Output.Trim() is "running" or "degraded")
            {
                return;
            }

            await Task.Delay(200);
        }

        throw new InvalidOperationException("the host did not boot in a minute");
    }
}
