using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Coreutil.FunctionalTests.Units;

/// <summary>More connections than descriptors: those of a socket unit with Accept=yes one after the other, those of unitd's clients at once.</summary>
public sealed class ConnectionTests : IDisposable
{
    private const int Connections = 300;
    private const int MostDescriptors = 128;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Any_number_of_connections_is_served_and_none_leaves_anything_behind_but_the_last_journals()
    {
        string units = Directory.CreateDirectory(_directory["units"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(units, "echo.socket"), $"[Socket]\nListenStream={_directory["echo"]}\nAccept=yes\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(units, "echo@.service"),
            "[Service]\nStandardInput=socket\nStandardError=journal\nExecStart=/bin/sh -c 'read x; echo served $$x >&0; echo heard $$x >&2; printf end >&2'\n",
            TestContext.Current.CancellationToken);
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "echo.socket")).ExitCode);

        for (int number = 0; number < Connections; number++)
        {
            Assert.Equal($"served {number}\n", await ConnectAsync(number.ToString(CultureInfo.InvariantCulture)));
        }

        string last = $"echo@{Connections - 1}.service";
        await unitd.UntilAsync(async () => (await UnitctlAsync("journal", last)).Output.Contains("Deactivated", StringComparison.Ordinal), TimeSpan.FromSeconds(30), "the last instance did not end");

        // What a process says comes before what is said of its end, also where the line is not ended.
        string[] lines = [.. (await UnitctlAsync("journal", last)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[(line.IndexOf("]: ", StringComparison.Ordinal) + 3)..])];
        Assert.Equal([$"Started {last}.", $"heard {Connections - 1}", "end", $"{last}: Deactivated successfully."], lines.Order(new ByStart(last)));
        Assert.InRange(Directory.GetFiles(Path.Combine(_directory["state"], "journal")).Length, 1, 110);
        Assert.Contains($"Accepted: {Connections}; Connected: 0", (await UnitctlAsync("status", "echo.socket")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_clients_than_descriptors_wait_and_no_unit_hears_of_them()
    {
        string units = Directory.CreateDirectory(_directory["units"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(units, "runs.service"), "[Service]\nExecStart=/bin/sleep 1000\n", TestContext.Current.CancellationToken);
        await using var unitd = await StartAsync();
        Assert.Equal(0, (await UnitctlAsync("start", "runs")).ExitCode);
        string main = (await UnitctlAsync("show", "-p", "MainPID", "runs")).Output;

        var clients = new List<Socket>();
        try
        {
            await unitd.UntilAsync(
                async () =>
                {
                    try
                    {
                        for (int number = 0; number < 20; number++)
                        {
                            clients.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
                            await clients[^1].ConnectAsync(new UnixDomainSocketEndPoint(_directory["state/unitd.sock"]));
                        }
                    }
                    catch (SocketException crowded) when (crowded.SocketErrorCode == SocketError.WouldBlock)
                    {
                        // unitd takes them more slowly than they come.
                    }

                    return unitd.Log.Contains("cannot take a connection", StringComparison.Ordinal);
                },
                TimeSpan.FromSeconds(60),
                "there was room for all");
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        Assert.Equal(main, (await UnitctlAsync("show", "-p", "MainPID", "runs")).Output);
        Assert.Equal(0, (await UnitctlAsync("stop", "runs")).ExitCode);
    }

    private Task<Daemon> StartAsync() => Daemon.StartAsync(
        "/bin/sh",
        ["-c", $"ulimit -n {MostDescriptors}; exec \"$@\"", "sh", Published.Binary, "unitd", "--state-dir", _directory["state"], "--unit-path", _directory["units"]],
        async () => (await UnitctlAsync("list-units")).ExitCode == 0);

    private async Task<string> ConnectAsync(string line)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_directory["echo"]));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"{line}\n"));
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync();
    }

    private Task<Outcome> UnitctlAsync(params string[] arguments) => Published.RunAsync(Published.Binary, ["unitctl", "--state-dir", _directory["state"], .. arguments]);

    /// <summary>A process may say something before it is told of that it started.</summary>
    private sealed class ByStart(string unit) : IComparer<string>
    {
        public int Compare(string? x, string? y) => (y == $"Started {unit}.").CompareTo(x == $"Started {unit}.");
    }
}
