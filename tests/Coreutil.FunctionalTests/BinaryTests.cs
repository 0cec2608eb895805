using System.Globalization;

namespace Coreutil.FunctionalTests;

/// <summary>The one file: what it is, what it needs, how it is called.</summary>
public sealed class BinaryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task It_runs_in_an_empty_directory_as_root_directory()
    {
        Assert.SkipUnless(Environment.UserName == "root", "chroot needs root");
        File.Copy(Published.Binary, _directory["coreutil"]);

        var outcome = await Published.RunAsync("/usr/sbin/chroot", [_directory.Path, "/coreutil", "--list"]);

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains("etcdctl", outcome.Output.Split('\n'));
    }

    [Fact]
    public async Task It_has_no_interpreter_and_no_library()
    {
        // An ELF file that needs the dynamic loader names it in a program header of type PT_INTERP (3).
        byte[] header = new byte[64 * 1024];
        await using (var file = File.OpenRead(Published.Binary))
        {
            await file.ReadExactlyAsync(header);
        }

        long tableOffset = BitConverter.ToInt64(header, 32);
        int entrySize = BitConverter.ToUInt16(header, 54);
        int entries = BitConverter.ToUInt16(header, 56);
        int[] types = [.. Enumerable.Range(0, entries).Select(entry => BitConverter.ToInt32(header, (int)tableOffset + (entry * entrySize)))];

        Assert.Contains(1, types); // PT_LOAD: the table was read rightly
        Assert.DoesNotContain(3, types);
        Assert.Equal(3, BitConverter.ToUInt16(header, 16)); // ET_DYN: position independent
    }

    [Theory]
    [InlineData("etcdctl", "--version", "etcdctl version 2.3.8")]
    [InlineData("fleetctl", "--version", "fleetctl version 1.0.0")]
    [InlineData("fleetd", "-version", "fleetd version 1.0.0")]
    [InlineData("confd", "-version", "confd 0.16.0")]
    [InlineData("etcd", "--version", "etcd Version: 2.3.8")]
    public async Task A_historic_program_answers_with_the_release_it_is_compatible_with(string applet, string flag, string version)
    {
        var outcome = await Published.RunAsync(Published.Link(applet), [flag]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith(version, outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("etcd", 2)]
    [InlineData("confd", 2)]
    [InlineData("fleetctl", 2)]
    [InlineData("fleetd", 1)]
    [InlineData("unitd", 2)]
    [InlineData("unitctl", 1)]
    [InlineData("node", 2)]
    [InlineData("paas-monitor", 2)]
    public async Task An_unknown_flag_is_refused(string applet, int exitCode)
    {
        var outcome = await Published.RunAsync(Published.Binary, [applet, "--no-such-flag"]);

        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Contains("no-such-flag", outcome.Output + outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_applet_exits_127()
    {
        Assert.Equal(127, (await Published.RunAsync(Published.Binary, ["nope"])).ExitCode);
    }

    [Fact]
    public async Task It_installs_links_that_work()
    {
        var installed = await Published.RunAsync(Published.Binary, ["--install", _directory["opt/bin"]]);
        Assert.Equal((0, ""), (installed.ExitCode, installed.Error));

        var called = await Published.RunAsync(_directory["opt/bin/etcdctl"], ["--version"]);
        Assert.Equal("etcdctl version 2.3.8\n", called.Output);
        Assert.False(File.Exists(_directory["opt/bin/node"]));
    }

    [Fact]
    public async Task Paas_monitor_serves_and_ends_with_two_on_SIGTERM()
    {
        string port = Daemon.FreePort().ToString(CultureInfo.InvariantCulture);
        await using var daemon = await Daemon.StartAsync(
            Published.Binary,
            ["paas-monitor", "--port", port, "--name", "paas-monitor@1"],
            () => Daemon.SucceedsAsync($"http://127.0.0.1:{port}/"));

        string status = await Daemon.Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/status"));
        Assert.StartsWith("{\"name\":\"paas-monitor@1\",\"host\":", status, StringComparison.Ordinal);
        Assert.Contains("\"requests\":1,", status, StringComparison.Ordinal);

        var second = await Published.RunAsync(Published.Binary, ["paas-monitor", "--port", port]);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"cannot listen on port {port}", second.Error, StringComparison.Ordinal);

        Assert.Equal(2, await daemon.EndAsync("TERM"));
    }
}
