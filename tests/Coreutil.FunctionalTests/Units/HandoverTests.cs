using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Coreutil.FunctionalTests.Units;

/// <summary>What becomes of units when their supervisor becomes another program, is killed, or cannot write.</summary>
public sealed class HandoverTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_unitd_that_executes_itself_anew_disturbs_no_unit_and_loses_no_line()
    {
        // The line is written in two halves, so that a handover falls between them as well.
        Write("count.service", """
            [Service]
            ExecStart=/bin/sh -c 'i=0; while [ ! -e %H/end ]; do i=$$((i+1)); printf line; sleep 0.005; echo " $$i"; done'
            """);
        Write("slow.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'until [ -e %H/go ]; do sleep 0.05; done'\nExecStart=/bin/true\n");
        Write("late.service", "[Unit]\nAfter=slow.service\n[Service]\nExecStart=/bin/sleep 1000\n");
        Write("echo.socket", $"[Socket]\nListenStream={_directory["echo"]}\n");
        Write("echo.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Write("soon.timer", "[Timer]\nOnActiveSec=1000\n");
        Write("soon.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
        Write("goal.target", "[Unit]\nDescription=Goal\n");
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "count", "echo.socket", "soon.timer", "goal.target")).ExitCode);
        Assert.Equal(0, (await UnitctlAsync("start", "--no-block", "slow", "late")).ExitCode);
        string supervisor = await SupervisorAsync(unitd);
        string main = await PropertyAsync("count", "MainPID");
        string since = await PropertyAsync("count", "StateChangeTimestamp");

        for (int round = 0; round < 10; round++)
        {
            var outcome = await UnitctlAsync("daemon-reexec");
            Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        }

        Assert.Equal(supervisor, await SupervisorAsync(unitd));
        Assert.Equal(main, await PropertyAsync("count", "MainPID"));
        Assert.Equal(since, await PropertyAsync("count", "StateChangeTimestamp"));
        Assert.Equal("listening", await PropertyAsync("echo.socket", "SubState"));
        Assert.Equal("waiting", await PropertyAsync("soon.timer", "SubState"));
        Assert.Equal("active", await PropertyAsync("goal.target", "ActiveState"));
        Assert.Equal("activating", await PropertyAsync("slow", "ActiveState"));
        Assert.Equal("inactive", await PropertyAsync("late", "ActiveState"));

        // The second command of the oneshot, the job that waits for it, and the socket work on.
        File.WriteAllText(_directory["go"], "");
        await unitd.UntilAsync(async () => await PropertyAsync("late", "ActiveState") == "active", _patience, "the job was lost");
        Assert.Equal("exited", await PropertyAsync("slow", "SubState"));
        using (var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await client.ConnectAsync(new UnixDomainSocketEndPoint(_directory["echo"]));
            await unitd.UntilAsync(async () => await PropertyAsync("echo", "ActiveState") == "active", _patience, "the socket started nothing");
        }

        File.WriteAllText(_directory["end"], "");
        await unitd.UntilAsync(async () => await PropertyAsync("count", "ActiveState") == "inactive", _patience, "the end of the service was not seen");
        string[] lines = [.. (await UnitctlAsync("journal", "-n", "100000", "count")).Output.Split('\n').Where(line => line.Contains(": line ", StringComparison.Ordinal))];
        Assert.True(lines.Length > 10, $"only {lines.Length} lines");
        Assert.Equal(Enumerable.Range(1, lines.Length).Select(number => number.ToString(CultureInfo.InvariantCulture)), lines.Select(line => line.Split(' ')[^1]));
    }

    [Fact]
    public async Task How_a_service_ends_while_unitd_is_dead_is_known_and_counts()
    {
        Write("seven.service", "[Service]\nExecStart=/bin/sh -c 'until [ -e %H/go ]; do sleep 0.05; done; exit 7'\nRestart=on-failure\nRestartSec=1000\n");
        Write("later.service", "[Service]\nExecStart=/bin/sh -c 'until [ -e %H/later ]; do sleep 0.05; done; exit 9'\n");
        Write("clean.service", "[Service]\nExecStart=/bin/sh -c 'until [ -e %H/go ]; do sleep 0.05; done'\n");
        Write("steady.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        Write("goal.target", "[Unit]\nDescription=Goal\n");
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "seven", "later", "clean", "steady", "goal.target")).ExitCode);
        string before = await SupervisorAsync(unitd);
        string steady = await PropertyAsync("steady", "MainPID");

        await Published.RunAsync("/bin/kill", ["-s", "KILL", before]);
        File.WriteAllText(_directory["go"], "");

        await unitd.UntilAsync(async () => (await UnitctlAsync("list-units")).ExitCode == 0 && await SupervisorAsync(unitd) != before, _patience, "unitd did not come back");
        await unitd.UntilAsync(async () => await PropertyAsync("seven", "SubState") == "auto-restart", _patience, "Restart= was not applied");
        Assert.Equal("7", await PropertyAsync("seven", "ExecMainStatus"));
        Assert.Equal("exit-code", await PropertyAsync("seven", "Result"));
        await unitd.UntilAsync(async () => await PropertyAsync("clean", "ActiveState") == "inactive", _patience, "the clean end was not seen");
        Assert.Equal("success", await PropertyAsync("clean", "Result"));
        Assert.Equal(steady, await PropertyAsync("steady", "MainPID"));
        Assert.Equal("active", await PropertyAsync("goal.target", "ActiveState"));
        File.WriteAllText(_directory["later"], "");
        await unitd.UntilAsync(async () => await PropertyAsync("later", "ActiveState") == "failed", _patience, "the end after the return was not seen");
        Assert.Equal("9", await PropertyAsync("later", "ExecMainStatus"));
        Assert.Equal(0, await unitd.EndAsync("TERM"));
    }

    // systemd keeps its sockets in no case: process 1 is not killed. Here the guard holds copies, so that the queue of each outlives the supervisor.
    [Fact]
    public async Task Who_connects_while_the_supervisor_is_dead_is_served_by_the_next_one()
    {
        int port = Daemon.FreePort();
        Write("queue.socket", $"[Socket]\nListenStream={_directory["queue"]}\nListenStream={port}\n");
        Write("queue.service", "[Service]\nExecStart=/usr/bin/perl -e 'use IO::Socket; use IO::Select; my $$s = IO::Select->new(map { IO::Handle->new_from_fd($$_, q(r+)) } 3, 4); "
            + "while (my @r = $$s->can_read) { for (@r) { accept(my $$c, $$_) or next; my $$x = <$$c>; syswrite($$c, qq(served $$x)); close $$c } }'\n");
        Write("each.socket", $"[Socket]\nListenStream={_directory["each"]}\nAccept=yes\n");
        Write("each@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/sh -c 'read x; echo served $$x'\n");
        Write("slow.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'until [ -e %H/go ]; do sleep 0.05; done'\n");
        Write("held.socket", $"[Socket]\nListenStream={_directory["held"]}\nAccept=yes\n");
        Write("held@.service", "[Unit]\nAfter=slow.service\n[Service]\nStandardInput=socket\nExecStart=/bin/sh -c 'read x; echo served $$x'\n");
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "queue.socket", "each.socket", "held.socket")).ExitCode);
        Assert.Equal(0, (await UnitctlAsync("start", "--no-block", "slow")).ExitCode);

        // Accepted, and its instance waits for another unit when the supervisor dies.
        var held = ConnectAsync(new UnixDomainSocketEndPoint(_directory["held"]), "held");
        await unitd.UntilAsync(
            () => Task.FromResult(File.ReadAllText(Path.Combine(_directory["state"], "run", "held.socket.json")).Contains("held@0.service", StringComparison.Ordinal)), _patience, "nothing was accepted");

        for (int round = 0; round < 2; round++)
        {
            string before = await SupervisorAsync(unitd);
            await Published.RunAsync("/bin/kill", ["-s", "STOP", unitd.ProcessId.ToString(CultureInfo.InvariantCulture)]);
            await Published.RunAsync("/bin/kill", ["-s", "KILL", before]);
            EndPoint[] addresses = [new UnixDomainSocketEndPoint(_directory["queue"]), new IPEndPoint(IPAddress.Loopback, port), new UnixDomainSocketEndPoint(_directory["each"])];
            Task<string>[] answers = [.. Enumerable.Range(0, 30).Select(i => ConnectAsync(addresses[i % addresses.Length], $"{round}-{i}"))];
            await Task.Delay(200, TestContext.Current.CancellationToken);
            Assert.DoesNotContain(answers, answer => answer.IsCompleted && round == 0);
            await Published.RunAsync("/bin/kill", ["-s", "CONT", unitd.ProcessId.ToString(CultureInfo.InvariantCulture)]);

            Assert.Equal(Enumerable.Range(0, 30).Select(i => $"served {round}-{i}\n"), await Task.WhenAll(answers).WaitAsync(_patience, TestContext.Current.CancellationToken));
            Assert.Equal("served held\n", await held.WaitAsync(_patience, TestContext.Current.CancellationToken));
        }

        // What is stopped is free at once, copies included.
        Assert.Equal(0, (await UnitctlAsync("stop", "queue.service", "queue.socket")).ExitCode);
        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), "late"));
        Assert.Equal(0, (await UnitctlAsync("start", "queue.socket")).ExitCode);
        Assert.Equal("served again\n", await ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), "again").WaitAsync(_patience, TestContext.Current.CancellationToken));
    }

    // The state directory on a file system of its own in memory, filled up by another file.
    [Fact]
    public async Task On_a_full_disk_units_go_on_start_and_come_back_and_what_was_lost_is_counted()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["state"], "1m");
        Write("talk.service", $"[Service]\nExecStart=/bin/sh -c 'while sleep 0.01; do echo {new string('x', 500)}; done'\n");
        Write("back.service", "[Service]\nExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=0\n");
        Write("new.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "talk", "back")).ExitCode);
        string supervisor = await SupervisorAsync(unitd);
        string main = await PropertyAsync("back", "MainPID");

        disk.FillUp();
        Assert.Equal(0, (await UnitctlAsync("start", "new")).ExitCode);
        Assert.Equal(0, (await UnitctlAsync("kill", "-s", "KILL", "back")).ExitCode);
        await unitd.UntilAsync(async () => await PropertyAsync("back", "MainPID") is var now && now != main && now != "0", _patience, "the service did not come back");
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal(supervisor, await SupervisorAsync(unitd));
        Assert.Contains("cannot write the state of ", unitd.Log, StringComparison.Ordinal);

        // With room again nothing is missing but the lines, and a supervisor that is killed is followed by one that knows.
        disk.MakeRoom();
        await unitd.UntilAsync(
            async () => (await UnitctlAsync("journal", "-n", "all", "talk")).Output.Contains("lines were lost here", StringComparison.Ordinal), _patience, "the loss is not told of");
        await unitd.UntilAsync(() => Task.FromResult(unitd.Log.Contains("the states of all units are written again", StringComparison.Ordinal)), _patience, "the states were not written");
        main = await PropertyAsync("new", "MainPID");
        await Published.RunAsync("/bin/kill", ["-s", "KILL", supervisor]);
        await unitd.UntilAsync(async () => (await UnitctlAsync("list-units")).ExitCode == 0 && await SupervisorAsync(unitd) != supervisor, _patience, "unitd did not come back");
        Assert.Equal(main, await PropertyAsync("new", "MainPID"));
        Assert.Equal(0, await unitd.EndAsync("TERM"));
    }

    /// <summary>Says a line and hears one.</summary>
    private static async Task<string> ConnectAsync(EndPoint address, string line)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(address);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"{line}\n"));
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync();
    }

    private Task<Daemon> StartAsync() => Daemon.StartAsync(
        Published.Binary,
        ["unitd", "--state-dir", _directory["state"], "--unit-path", Directory.CreateDirectory(_directory["units"]).FullName],
        async () => (await UnitctlAsync("list-units")).ExitCode == 0);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(_directory["units"]);
        File.WriteAllText(Path.Combine(_directory["units"], name), text.Replace("%H", _directory.Path, StringComparison.Ordinal));
    }

    private Task<Outcome> UnitctlAsync(params string[] arguments) => Published.RunAsync(Published.Binary, ["unitctl", "--state-dir", _directory["state"], .. arguments]);

    private async Task<string> PropertyAsync(string unit, string name) => (await UnitctlAsync("show", "-p", name, unit)).Output.TrimEnd('\n')[(name.Length + 1)..];

    /// <summary>unitd is the child of its guard that is called after the binary; units that were left behind by another unitd are others.</summary>
    private static async Task<string> SupervisorAsync(Daemon guard)
    {
        var children = await Published.RunAsync("/bin/sh", ["-c", $"for p in $(cat /proc/{guard.ProcessId}/task/*/children); do case $(tr '\\0' ' ' </proc/$p/cmdline) in *' unitd '*) echo $p;; esac; done"]);
        return children.Output.TrimEnd('\n');
    }
}
