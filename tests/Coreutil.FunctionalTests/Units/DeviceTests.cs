using System.Globalization;

namespace Coreutil.FunctionalTests.Units;

/// <summary>Devices that come and go; the differential scenarios have the hosts that get none.</summary>
public sealed class DeviceTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();
    private readonly string _device = string.Create(CultureInfo.InvariantCulture, $"coreutil{Environment.ProcessId}");

    public void Dispose()
    {
        File.Delete($"/dev/{_device}");
        _directory.Dispose();
    }

    [Fact]
    public async Task A_start_waits_for_its_device_and_what_is_bound_to_it_goes_with_it()
    {
        Assert.SkipUnless((await Published.RunAsync("touch", [$"/dev/{_device}"])).ExitCode == 0, "nothing can be made below /dev");
        File.Delete($"/dev/{_device}");
        Assert.SkipUnless(File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ') is [_, "/sys", _, var options, ..] && options.StartsWith("rw", StringComparison.Ordinal)), "/sys is read-only");
        string units = Directory.CreateDirectory(_directory["units"]).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(units, "uses.service"),
            $"[Unit]\nBindsTo=dev-{_device}.device\nAfter=dev-{_device}.device\n[Service]\nExecStart=/bin/sleep 1000\n",
            TestContext.Current.CancellationToken);
        await using var unitd = await Daemon.StartAsync(
            Published.Binary, ["unitd", "--state-dir", _directory["state"], "--unit-path", units], async () => (await UnitctlAsync("list-units")).ExitCode == 0);

        var starting = UnitctlAsync("start", "uses");
        await unitd.UntilAsync(async () => (await UnitctlAsync("journal", $"dev-{_device}.device")).Output.Contains("Expecting device", StringComparison.Ordinal), _patience, "nobody waits");
        Assert.False(starting.IsCompleted);
        await File.WriteAllTextAsync($"/dev/{_device}", "", TestContext.Current.CancellationToken);

        Assert.Equal(0, (await starting).ExitCode);
        Assert.Equal("ActiveState=active\nSubState=plugged\n", (await UnitctlAsync("show", "-p", "ActiveState,SubState", $"/dev/{_device}")).Output);
        Assert.Contains($"Found device dev-{_device}.device - /dev/{_device}.", (await UnitctlAsync("journal", $"dev-{_device}.device")).Output, StringComparison.Ordinal);

        File.Delete($"/dev/{_device}");
        await unitd.UntilAsync(async () => (await UnitctlAsync("is-active", "uses")).Output == "inactive\n", _patience, "the service did not stop");
        Assert.Equal(0, await unitd.EndAsync("TERM"));
    }

    private Task<Outcome> UnitctlAsync(params string[] arguments) => Published.RunAsync(Published.Binary, ["unitctl", "--state-dir", _directory["state"], .. arguments]);
}
