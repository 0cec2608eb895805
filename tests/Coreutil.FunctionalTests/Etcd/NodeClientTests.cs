namespace Coreutil.FunctionalTests.Etcd;

/// <summary>node-etcd from npm: a v2 client that nobody here wrote runs its own calls (node-etcd.js).</summary>
public sealed class NodeClientTests : IDisposable
{
    private const string Package = "node-etcd@7.0.0";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_client_library_of_others_finds_everything_it_knows()
    {
        string modules = await InstallAsync();
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            var outcome = await Published.RunAsync(
                "node", [Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Etcd", "node-etcd.js"), url],
                environment: new Dictionary<string, string> { ["NODE_PATH"] = modules });

            Assert.Equal((0, "done\n"), (outcome.ExitCode, outcome.Output + outcome.Error));
        }
    }

    /// <summary>Into the output directory, once; the scripts of packages are not run.</summary>
    private static async Task<string> InstallAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/node") && File.Exists("/usr/bin/npm"), "node and npm are not installed here");
        string prefix = Path.Combine(Published.Root, "out", "npm");
        string modules = Path.Combine(prefix, "node_modules");
        if (!File.Exists(Path.Combine(modules, "node-etcd", "package.json")))
        {
            Directory.CreateDirectory(prefix);
            var installed = await Published.RunAsync(
                "npm", ["install", "--prefix", prefix, "--ignore-scripts", "--no-audit", "--no-fund", Package], TimeSpan.FromMinutes(3));
            Assert.SkipUnless(installed.ExitCode == 0, $"npm could not bring {Package}: {installed.Error}");
        }

        return modules;
    }
}
