using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Coreutil.Units;
using Coreutil.Units.Systemd;

namespace Coreutil.Tests.Units.Systemd;

/// <summary>The calls of the agent (fleet §e, §m) against a real systemd, by way of its bus and by way of its private socket.</summary>
public sealed class SystemdUnitManagerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_unit_lives_on_real_systemd(bool hasBus)
    {
        await using var systemd = await SystemdUser.StartAsync();
        await using var manager = ManagerOf(systemd, hasBus);

        await manager.LoadAsync("hello.service", "[Service]\nExecStart=/bin/sleep 1000\n", Cancel);
        Assert.Equal(["hello.service"], (await manager.ReadLoadedUnitsAsync(Cancel)).Keys);
        await manager.ReloadAsync(Cancel);
        Assert.Equal(new("loaded", "inactive", "dead"), await StateOfAsync(manager, "hello.service"));

        await manager.StartAsync("hello.service", Cancel);
        await UntilAsync(manager, "hello.service", new("loaded", "active", "running"));

        await manager.StopAsync("hello.service", Cancel);
        await UntilAsync(manager, "hello.service", new("loaded", "inactive", "dead"));

        await manager.StartAsync("hello.service", Cancel);
        await UntilAsync(manager, "hello.service", new("loaded", "active", "running"));
        await manager.UnloadAsync("hello.service", Cancel);
        await manager.ReloadAsync(Cancel);
        Assert.Equal(UnitState.NotFound, await StateOfAsync(manager, "hello.service"));
        Assert.Empty(await manager.ReadLoadedUnitsAsync(Cancel));
    }

    [Fact]
    public async Task A_failed_unit_is_forgotten_when_it_is_unloaded()
    {
        await using var systemd = await SystemdUser.StartAsync();
        await using var manager = ManagerOf(systemd, hasBus: true);
        await manager.LoadAsync("bad.service", "[Service]\nExecStart=/bin/false\n", Cancel);
        await manager.ReloadAsync(Cancel);

        await manager.StartAsync("bad.service", Cancel);
        await UntilAsync(manager, "bad.service", new("loaded", "failed", "failed"));

        await manager.UnloadAsync("bad.service", Cancel);
        await manager.ReloadAsync(Cancel);
        Assert.Equal(UnitState.NotFound, await StateOfAsync(manager, "bad.service"));
    }

    [Fact]
    public async Task What_systemd_refuses_is_said_with_its_unit()
    {
        await using var systemd = await SystemdUser.StartAsync();
        await using var manager = ManagerOf(systemd, hasBus: true);
        await manager.LoadAsync("needs.service", "[Unit]\nRequires=absent.service\n\n[Service]\nExecStart=/bin/true\n", Cancel);
        await manager.ReloadAsync(Cancel);

        var refusal = await Assert.ThrowsAsync<SystemdException>(() => manager.StartAsync("needs.service", Cancel));

        Assert.Contains("systemd cannot start needs.service: Unit absent.service not found.", refusal.Message, StringComparison.Ordinal);
        await manager.StopAsync("needs.service", Cancel);
    }

    [Fact]
    public async Task A_thousand_units_are_read_in_one_call()
    {
        await using var systemd = await SystemdUser.StartAsync();
        await using var manager = ManagerOf(systemd, hasBus: false);
        ImmutableArray<string> names = [.. Enumerable.Range(0, 1000).Select(i => $"u{i.ToString(CultureInfo.InvariantCulture)}.service")];

        var states = await manager.ReadStatesAsync(names, Cancel);

        Assert.Equal(1000, states.Count);
        Assert.All(states.Values, state => Assert.Equal(UnitState.NotFound, state));
    }

    // A change arrives by signal: long before the longest pause.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_wakes_who_waits(bool hasBus)
    {
        await using var systemd = await SystemdUser.StartAsync();
        await using var manager = ManagerOf(systemd, hasBus);
        await manager.LoadAsync("later.service", "[Service]\nExecStart=/bin/sleep 0.5\n", Cancel);
        await manager.ReloadAsync(Cancel);
        await manager.StartAsync("later.service", Cancel);
        await UntilAsync(manager, "later.service", new("loaded", "active", "running"));

        var waited = Stopwatch.StartNew();
        while ((await StateOfAsync(manager, "later.service")).ActiveState != "inactive")
        {
            await manager.WaitForChangeAsync(TimeSpan.FromMinutes(2), Cancel);
        }

        Assert.InRange(waited.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_connection_outlives_a_systemd_that_executes_itself_anew(bool hasBus)
    {
        await using var systemd = await SystemdUser.StartAsync();
        await using var manager = ManagerOf(systemd, hasBus);
        await manager.LoadAsync("kept.service", "[Service]\nExecStart=/bin/sleep 1000\n", Cancel);
        await manager.ReloadAsync(Cancel);
        await manager.StartAsync("kept.service", Cancel);
        await UntilAsync(manager, "kept.service", new("loaded", "active", "running"));

        // systemd(1), SIGRTMIN+25: it saves its state, executes itself and goes on. Another image has other addresses.
        byte[] Image() => File.ReadAllBytes($"/proc/{systemd.ProcessId.ToString(CultureInfo.InvariantCulture)}/auxv");
        byte[] before = Image();
        using (var kill = Process.Start("kill", ["-s", "RTMIN+25", systemd.ProcessId.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(Cancel);
        }

        for (int round = 0; round < 20 || Image().AsSpan().SequenceEqual(before); round++)
        {
            Assert.InRange(round, 0, 600);
            Assert.Equal(new("loaded", "active", "running"), await StateOfAsync(manager, "kept.service"));
            await Task.Delay(50, Cancel);
        }

        await manager.StopAsync("kept.service", Cancel);
        await UntilAsync(manager, "kept.service", new("loaded", "inactive", "dead"));
    }

    [Fact]
    public async Task A_systemd_that_is_not_there_is_one_line()
    {
        var directory = Directory.CreateTempSubdirectory();
        await using var manager = new SystemdUnitManager(
            new SystemdOptions { UnitsDirectory = directory.FullName, IsUser = true, Variable = name => name == "XDG_RUNTIME_DIR" ? directory.FullName : null },
            TimeProvider.System);

        var failure = await Assert.ThrowsAsync<SystemdException>(() => manager.PingAsync(Cancel));

        Assert.Contains($"cannot connect to D-Bus at {directory.FullName}/bus", failure.Message, StringComparison.Ordinal);
    }

    private static SystemdUnitManager ManagerOf(SystemdUser systemd, bool hasBus) => new(
        new SystemdOptions
        {
            UnitsDirectory = $"{systemd.RuntimeDirectory}/fleet-units",
            IsUser = true,
            Variable = name => (name, hasBus) switch
            {
                ("DBUS_SESSION_BUS_ADDRESS", true) => $"unix:path={systemd.RuntimeDirectory}/bus",
                ("XDG_RUNTIME_DIR", false) => systemd.RuntimeDirectory,
                _ => null,
            },
        },
        TimeProvider.System);

    private static async Task<UnitState> StateOfAsync(SystemdUnitManager manager, string name) => (await manager.ReadStatesAsync([name], Cancel))[name];

    private static async Task UntilAsync(SystemdUnitManager manager, string name, UnitState state)
    {
        var waited = Stopwatch.StartNew();
        while (await StateOfAsync(manager, name) is var now && now != state)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), $"{name} is {now}, not {state}");
            await manager.WaitForChangeAsync(TimeSpan.FromSeconds(1), Cancel);
        }
    }
}
