using System.Diagnostics;
using System.Globalization;

namespace Coreutil.Tests.Units.Systemd;

/// <summary>A real systemd in user mode with a bus, in mount and cgroup namespaces of its own; ends with the test.</summary>
internal sealed class SystemdUser : IAsyncDisposable
{
    private static int _count;

    private readonly Process _process;
    private readonly string _name;

    private SystemdUser(Process process, string name)
    {
        _process = process;
        _name = name;
    }

    /// <summary>The private /run of that systemd, seen from here.</summary>
    public string RuntimeDirectory => $"/proc/{_process.Id.ToString(CultureInfo.InvariantCulture)}/root/run/user/0";

    public int ProcessId => _process.Id;

    public static async Task<SystemdUser> StartAsync()
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/lib/systemd/systemd") && File.Exists("/usr/bin/dbus-daemon"), "needs root, systemd and dbus-daemon");
        string name = $"coreutil-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
        string script = $"""
            for c in unified systemd; do
              [ -d /sys/fs/cgroup/$c ] || continue
              mkdir -p /sys/fs/cgroup/$c/{name} && echo $BASHPID > /sys/fs/cgroup/$c/{name}/cgroup.procs
            done
            mount --make-rprivate /; mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/system /run/user/0; chmod 700 /run/user/0
            dbus-daemon --session --address=unix:path=/run/user/0/bus --nofork --nopidfile & 
            export XDG_RUNTIME_DIR=/run/user/0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus XDG_CONFIG_HOME=/run/config
            while [ ! -S /run/user/0/bus ]; do sleep 0.05; done
            exec /lib/systemd/systemd --user --unit=basic.target
            """;
        var start = new ProcessStartInfo("unshare", ["--mount", "--cgroup", "bash", "-c", script]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var systemd = new SystemdUser(Process.Start(start)!, name);
        systemd._process.BeginErrorReadLine();
        systemd._process.BeginOutputReadLine();
        for (int attempt = 0; attempt < 600 && !File.Exists($"{systemd.RuntimeDirectory}/systemd/private"); attempt++)
        {
            Assert.False(systemd._process.HasExited, "systemd --user ended at once");
            await Task.Delay(50);
        }

        return systemd;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string hierarchy in (string[])["unified", "systemd"])
        {
            await EndAllAsync($"/sys/fs/cgroup/{hierarchy}/{_name}");
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task EndAllAsync(string directory)
    {
        for (int attempt = 0; attempt < 100 && Directory.Exists(directory); attempt++)
        {
            string[] members = [.. Directory.EnumerateFiles(directory, "cgroup.procs", SearchOption.AllDirectories).SelectMany(File.ReadLines)];
            foreach (string member in members)
            {
                using var kill = Process.Start("kill", ["-9", member]);
                await kill.WaitForExitAsync();
            }

            try
            {
                foreach (string inner in Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length))
                {
                    Directory.Delete(inner);
                }

                Directory.Delete(directory);
            }
            catch (IOException)
            {
                await Task.Delay(50);
            }
        }
    }
}
