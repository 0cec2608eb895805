using System.Diagnostics;
using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>
/// A real dockerd with a bridge of its own in namespaces of its own, so that ports are really published and nothing of it stays on the host. It can be
/// killed and started again.
/// </summary>
internal sealed class DockerEngine : IAsyncDisposable
{
    public const string Client = "/usr/bin/docker";
    private readonly TemporaryDirectory _directory;
    private readonly Process _namespaces;
    private Daemon? _daemon;

    private DockerEngine(TemporaryDirectory directory, Process namespaces) => (_directory, _namespaces) = (directory, namespaces);

    public string Endpoint => $"unix://{_directory["docker.sock"]}";

    public static async Task<DockerEngine> StartAsync(TemporaryDirectory directory)
    {
        Assert.SkipUnless(Environment.UserName == "root", "dockerd needs root");
        Assert.SkipUnless(File.Exists("/usr/sbin/dockerd") && File.Exists(Client), "dockerd is missing: install docker.io");
        var namespaces = Published.Start(
            "unshare", ["--net", "--mount", "--propagation", "private", "sh", "-c", "ip link set lo up && echo ready && exec sleep 1000"]);
        Assert.SkipUnless(await namespaces.StandardOutput.ReadLineAsync() == "ready", "no network namespaces can be made here");
        var engine = new DockerEngine(directory, namespaces);
        await engine.StartDaemonAsync();
        return engine;
    }

    public async Task StartDaemonAsync() => _daemon = await Daemon.StartAsync(
        "nsenter",
        [
            .. Inside, "dockerd", "--data-root", _directory["docker"], "--exec-root", _directory["docker-run"], "-H", Endpoint, "-p", _directory["docker.pid"],
            "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--storage-driver=vfs",
        ],
        async () => (await RunAsync("version")).ExitCode == 0);

    public async Task KillDaemonAsync()
    {
        await _daemon!.EndAsync("KILL");
        await _daemon.DisposeAsync();
        _daemon = null;
        File.Delete(_directory["docker.pid"]);
    }

    /// <summary>An image whose one file is our binary; a container of it is healthy two seconds after its start.</summary>
    public async Task ImportAsync(string name, string entryPoint)
    {
        string script = $$"""
            tar -C {{Path.GetDirectoryName(Published.Binary)}} -c coreutil | {{Client}} -H {{Endpoint}} import -c 'EXPOSE 1337' -c 'ENTRYPOINT {{entryPoint}}' \
              -c 'HEALTHCHECK --interval=1s CMD ["/coreutil", "--version"]' - {{name}}
            """;
        var imported = await Published.RunAsync("bash", ["-o", "pipefail", "-c", script]);
        Assert.True(imported.ExitCode == 0, imported.Error);
    }

    public Task<Outcome> RunAsync(params string[] arguments) => Published.RunAsync(Client, ["-H", Endpoint, .. arguments]);

    /// <summary>Asks a published port, where it is published.</summary>
    public Task<Outcome> CurlAsync(string url) => Published.RunAsync("nsenter", [.. Inside, "curl", "-fsS", "--max-time", "10", url]);

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
        {
            string[] containers = (await RunAsync("ps", "-aq")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await RunAsync(["rm", "-f", .. containers]);
            await _daemon.DisposeAsync();
        }

        _namespaces.Kill();
        await _namespaces.WaitForExitAsync();
        _namespaces.Dispose();
    }

    private string[] Inside => ["-t", _namespaces.Id.ToString(CultureInfo.InvariantCulture), "-n", "-m", "--"];
}
