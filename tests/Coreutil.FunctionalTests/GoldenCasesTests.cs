using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests;

/// <summary>Exchanges recorded from the originals, replayed on the published binary by the recorder's own replayers.</summary>
public sealed partial class GoldenCasesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // Wording of the TOML and YAML libraries; the same cases pass without texts.
    private static readonly string[] _confdLibraryWording =
        ["bad-toml", "confd-toml-bad", "two-resources-one-bad-toml", "yaml-bad"];

    [Fact]
    public async Task Etcd_answers_as_recorded()
    {
        string replayer = Published.Cases("etcd_cases.py");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ReplayAsync([replayer, "replay", url], []);
        }
    }

    [Fact]
    public async Task Etcdctl_prints_as_recorded()
    {
        string replayer = Published.Cases("etcdctl_cases.py");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ReplayAsync([replayer, "replay", Published.Link("etcdctl"), url], []);
        }
    }

    [Fact]
    public async Task Confd_renders_and_logs_as_recorded()
    {
        string[] command = [Published.Cases("confd_cases.py"), $"{Published.Binary} confd", "-c", Published.Cases("confd.json")];
        await ReplayAsync(command, _confdLibraryWording);
        await ReplayAsync([.. command, "--no-log"], []);
    }

    [Fact]
    public async Task Confd_reads_etcd_as_recorded()
    {
        string replayer = Published.Cases("confd_cases.py");
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using (daemon)
        {
            await ReplayAsync([replayer, $"{Published.Binary} confd", "-c", Published.Cases("confd-etcd.json"), "--etcd", url], []);
        }
    }

    /// <summary>All cases pass but the named ones, and those fail: a name that is no longer true has to go.</summary>
    private static async Task ReplayAsync(string[] command, string[] expectedFailures)
    {
        var replay = await Published.RunAsync("python3", command, TimeSpan.FromMinutes(10));
        string report = replay.Output + replay.Error;
        string[] failures = [.. FailedCase().Matches(report).Select(failed => failed.Groups[1].Value).Order(StringComparer.Ordinal)];

        Assert.True(ClosingLine().IsMatch(report), report);
        Assert.True(failures.SequenceEqual(expectedFailures), report);
    }

    [GeneratedRegex("^FAIL ([^: ]+)", RegexOptions.Multiline)]
    private static partial Regex FailedCase();

    [GeneratedRegex("^[1-9][0-9]* passed, [0-9]+ failed", RegexOptions.Multiline)]
    private static partial Regex ClosingLine();
}
