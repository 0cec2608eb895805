namespace Coreutil.FunctionalTests;

/// <summary>Exchanges recorded from the originals, replayed on the published binary by the recorder's own replayers.</summary>
public sealed class GoldenCasesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Etcd_answers_as_recorded()
    {
        string replayer = Published.Cases("etcd_cases.py");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ReplayAsync([replayer, "replay", url]);
        }
    }

    [Fact]
    public async Task Etcdctl_prints_as_recorded()
    {
        string replayer = Published.Cases("etcdctl_cases.py");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ReplayAsync([replayer, "replay", Published.Link("etcdctl"), url]);
        }
    }

    [Fact]
    public async Task Confd_renders_and_logs_as_recorded()
    {
        await ReplayAsync([Published.Cases("confd_cases.py"), $"{Published.Binary} confd", "-c", Published.Cases("confd.json")]);
    }

    [Fact]
    public async Task Confd_reads_etcd_as_recorded()
    {
        string replayer = Published.Cases("confd_cases.py");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ReplayAsync([replayer, $"{Published.Binary} confd", "-c", Published.Cases("confd-etcd.json"), "--etcd", url]);
        }
    }

    private static async Task ReplayAsync(string[] command)
    {
        var replay = await Published.RunAsync("python3", command, TimeSpan.FromMinutes(10));
        string report = replay.Output + replay.Error;
        string last = report.Split('\n').LastOrDefault(line => line.Contains(" passed", StringComparison.Ordinal)) ?? "";

        Assert.True(last.Contains(" 0 failed", StringComparison.Ordinal) && !last.StartsWith("0 passed", StringComparison.Ordinal), report);
    }
}
