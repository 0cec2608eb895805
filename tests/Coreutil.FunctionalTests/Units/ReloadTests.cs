namespace Coreutil.FunctionalTests.Units;

/// <summary>Files of units that wait change, or go, and are read again.</summary>
public sealed class ReloadTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();

    public ReloadTests()
    {
        Directory.CreateDirectory(_directory["units"]);
        Write("t.timer", "[Timer]\nOnActiveSec=3\n");
        Write("p.path", $"[Path]\nPathExists={_directory["flag"]}\n");
        Write("s.socket", $"[Socket]\nListenStream={_directory["socket"]}\n");
        foreach (string name in (string[])["t", "p", "s"])
        {
            Write($"{name}.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        }
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_waits_and_is_masked_meanwhile_goes_on()
    {
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "t.timer", "p.path", "s.socket")).ExitCode);
        Assert.Equal(0, (await UnitctlAsync("mask", "t.timer", "p.path", "s.socket")).ExitCode);
        Assert.Equal(0, (await UnitctlAsync("daemon-reload")).ExitCode);

        await File.WriteAllTextAsync(_directory["flag"], "", TestContext.Current.CancellationToken);
        using var client = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        await client.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(_directory["socket"]));

        await UntilActiveAsync(unitd, "t", "p", "s");
        Assert.DoesNotContain("killed by", unitd.Log, StringComparison.Ordinal);
        Assert.Equal(0, (await UnitctlAsync("stop", "t.timer", "p.path", "s.socket", "t", "p", "s")).ExitCode);
    }

    // As systemd's units do that wait at a daemon-reload (timer_coldplug, path_coldplug).
    [Fact]
    public async Task What_waits_waits_for_what_its_file_says_now()
    {
        Write("t.timer", "[Timer]\nOnActiveSec=1h\n");
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "t.timer", "p.path")).ExitCode);
        Write("t.timer", "[Timer]\nOnActiveSec=100ms\n");
        Write("p.path", $"[Path]\nPathExists={_directory["other"]}\nPathChanged={_directory["flag"]}\n");
        Assert.Equal(0, (await UnitctlAsync("daemon-reload")).ExitCode);
        await File.WriteAllTextAsync(_directory["other"], "", TestContext.Current.CancellationToken);

        await UntilActiveAsync(unitd, "t", "p");
        Assert.Equal(0, (await UnitctlAsync("stop", "t.timer", "p.path", "t", "p")).ExitCode);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory["units"], name), text);

    private async Task<Daemon> StartAsync() => await Daemon.StartAsync(
        Published.Binary, ["unitd", "--state-dir", _directory["state"], "--unit-path", _directory["units"]], async () => (await UnitctlAsync("list-units")).ExitCode == 0);

    private Task UntilActiveAsync(Daemon unitd, params string[] services) => unitd.UntilAsync(
        async () => (await UnitctlAsync(["is-active", .. services])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).All(state => state == "active"), _patience, "not all were started");

    private Task<Outcome> UnitctlAsync(params string[] arguments) => Published.RunAsync(Published.Binary, ["unitctl", "--state-dir", _directory["state"], .. arguments]);
}
