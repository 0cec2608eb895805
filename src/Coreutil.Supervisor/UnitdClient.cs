using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Coreutil.Supervisor.Processes;
using Coreutil.Units;

namespace Coreutil.Supervisor;

/// <summary>unitd from outside: fleet's unit manager, and what unitctl speaks through.</summary>
public sealed class UnitdClient(string socketPath) : IUnitManager
{
    private static readonly TimeSpan _crowded = TimeSpan.FromMilliseconds(20);

    private long _generation;

    /// <summary>Starts a unitd of its own session where none answers, and waits until it does.</summary>
    /// <exception cref="UnitdException">It does not come up; the message names its log.</exception>
    public static async Task EnsureRunningAsync(UnitdOptions options, string executable, string daemonApplet, TimeProvider time, CancellationToken cancel)
    {
        var client = new UnitdClient(options.SocketPath);
        if (await client.AnswersAsync(cancel))
        {
            return;
        }

        string log = Path.Combine(options.StateDirectory, "unitd.log");
        Directory.CreateDirectory(options.StateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DetachedProcess.Start(
            executable,
            [
                "coreutil", daemonApplet, "--state-dir", options.StateDirectory, "--address", options.Address.ToString(), "--etcd-endpoint", options.EtcdEndpoint.ToString(),
                .. options.BinDirectory is { } bin ? (string[])["--bin-dir", bin] : [],
                .. options.UnitsDirectory is { } units ? (string[])["--units-dir", units] : [],
                .. options.UnitPath.Length > 0 ? (string[])["--unit-path", string.Join(':', options.UnitPath)] : [],
            ],
            log);
        for (int attempt = 0; attempt < 100; attempt++)
        {
            if (await client.AnswersAsync(cancel))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancel);
        }

        throw new UnitdException($"unitd does not answer on {options.SocketPath}; its log is {log}: {File.ReadLines(log).LastOrDefault()}");
    }

    public Task LoadAsync(string name, string normalisedText, CancellationToken cancel) =>
        DemandAsync(new UnitdRequest { Verb = "load", Names = [name], Text = normalisedText }, cancel);

    public Task UnloadAsync(string name, CancellationToken cancel) => DemandAsync(new UnitdRequest { Verb = "unload", Names = [name] }, cancel);

    public Task ReloadAsync(CancellationToken cancel) => DemandAsync(new UnitdRequest { Verb = "daemon-reload" }, cancel);

    public Task StartAsync(string name, CancellationToken cancel) => DemandAsync(new UnitdRequest { Verb = "start", Names = [name] }, cancel);

    public Task StopAsync(string name, CancellationToken cancel) => DemandAsync(new UnitdRequest { Verb = "stop", Names = [name] }, cancel);

    public async Task<ImmutableDictionary<string, UnitState>> ReadStatesAsync(ImmutableArray<string> names, CancellationToken cancel)
    {
        if (names.Length == 0)
        {
            return ImmutableDictionary<string, UnitState>.Empty;
        }

        var reply = await CallAsync(new UnitdRequest { Verb = "states", Names = names }, cancel);
        _generation = reply.Generation;
        return reply.Units.ToImmutableDictionary(row => row.Name, row => new UnitState(row.LoadState, row.ActiveState, row.SubState), StringComparer.Ordinal);
    }

    public async Task<ImmutableDictionary<string, string>> ReadLoadedUnitsAsync(CancellationToken cancel) =>
        (await CallAsync(new UnitdRequest { Verb = "loaded" }, cancel)).Texts;

    public async Task<UnitStatusText> ReadStatusAsync(string name, CancellationToken cancel)
    {
        var reply = await CallAsync(new UnitdRequest { Verb = "status", Names = [name] }, cancel);
        return new(reply.Text.Length > 0 ? reply.Text : $"{reply.Error}\n", reply.ExitCode);
    }

    public IAsyncEnumerable<string> ReadJournalAsync(string name, int lines, bool isFollowing, CancellationToken cancel) =>
        ReadLinesAsync(new UnitdRequest { Verb = "journal", Names = [name], Lines = lines, IsFollowing = isFollowing }, cancel);

    /// <summary>Lines that follow the reply to <paramref name="request"/>, until unitd ends them.</summary>
    public async IAsyncEnumerable<string> ReadLinesAsync(UnitdRequest request, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var stream = await ConnectAsync(cancel);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await SendAsync(stream, request, cancel);
        var reply = await ReadReplyAsync(reader, cancel);
        if (reply.ExitCode != 0)
        {
            throw new UnitdException(reply.Error);
        }

        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            yield return line;
        }
    }

    public async Task WaitForChangeAsync(TimeSpan atMost, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(atMost);
        try
        {
            _generation = (await CallAsync(new UnitdRequest { Verb = "wait", Generation = _generation }, limit.Token)).Generation;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Nothing changed in that time.
        }
    }

    /// <exception cref="UnitdException">No unitd answers on the socket.</exception>
    public async Task<UnitdReply> CallAsync(UnitdRequest request, CancellationToken cancel)
    {
        await using var stream = await ConnectAsync(cancel);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await SendAsync(stream, request, cancel);
        return await ReadReplyAsync(reader, cancel);
    }

    /// <summary>Asks unitd to stop its units and end, and waits until its socket is gone.</summary>
    public async Task ShutDownAsync(TimeProvider time, CancellationToken cancel)
    {
        if (await AnswersAsync(cancel))
        {
            await DemandAsync(new UnitdRequest { Verb = "shutdown" }, cancel);
        }

        while (File.Exists(socketPath) && await AnswersAsync(cancel))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancel);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancel)
    {
        try
        {
            await CallAsync(new UnitdRequest { Verb = "ping" }, cancel);
            return true;
        }
        catch (UnitdException)
        {
            return false;
        }
    }

    private async Task DemandAsync(UnitdRequest request, CancellationToken cancel)
    {
        var reply = await CallAsync(request, cancel);
        if (reply.ExitCode != 0)
        {
            throw new UnitdException(reply.Error);
        }
    }

    private async Task<NetworkStream> ConnectAsync(CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var endpoint = new UnixDomainSocketEndPoint(socketPath);
            while (!await TryConnectAsync(socket, endpoint, cancel))
            {
                await Task.Delay(_crowded, TimeProvider.System, cancel);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception unreachable) when (unreachable is SocketException or ArgumentOutOfRangeException)
        {
            socket.Dispose();
            throw new UnitdException($"no unitd answers on {socketPath}: start it, or name its directory with --state-dir", unreachable);
        }
    }

    /// <summary>False where others wait before the door already; the kernel would make a blocking caller wait as well.</summary>
    private static async Task<bool> TryConnectAsync(Socket socket, EndPoint endpoint, CancellationToken cancel)
    {
        try
        {
            await socket.ConnectAsync(endpoint, cancel);
            return true;
        }
        catch (SocketException crowded) when (crowded.SocketErrorCode == SocketError.WouldBlock)
        {
            return false;
        }
    }

    private static async Task SendAsync(NetworkStream stream, UnitdRequest request, CancellationToken cancel)
    {
        await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(request, UnitdJson.Default.UnitdRequest), cancel);
        await stream.WriteAsync("\n"u8.ToArray(), cancel);
    }

    private async Task<UnitdReply> ReadReplyAsync(StreamReader reader, CancellationToken cancel)
    {
        try
        {
            string? line = await reader.ReadLineAsync(cancel);
            return line is not null && JsonSerializer.Deserialize(line, UnitdJson.Default.UnitdReply) is { } reply
                ? reply
                : throw new UnitdException($"unitd on {socketPath} closed the connection without an answer");
        }
        catch (IOException broken)
        {
            throw new UnitdException($"unitd on {socketPath} broke off: {broken.Message}", broken);
        }
    }
}
