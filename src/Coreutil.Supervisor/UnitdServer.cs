using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Coreutil.Supervisor.Journal;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Supervisor;

/// <summary>unitd: the supervisor behind a unix socket. One supervisor a state directory.</summary>
public sealed class UnitdServer : IDisposable
{
    /// <summary>This very program, whatever has become of its file: an executor of another version would not understand its spec.</summary>
    private const string Self = "/proc/self/exe";

    private static readonly TimeSpan _reexecutionPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _acceptPause = TimeSpan.FromMilliseconds(200);

    private readonly UnitdOptions _options;
    private readonly string _executable;
    private readonly Action<string> _log;
    private readonly UnitSupervisor _supervisor;
    private readonly UnitRequests _requests;
    private readonly TimeProvider _time;
    private readonly FileStream _lock;
    private readonly Socket _listener;
    private readonly Socket? _asked;
    private readonly TaskCompletionSource _shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="options">Where everything is.</param>
    /// <param name="executable">This program's file, which an upgrade replaces.</param>
    /// <param name="executorApplet">The applet that a child begins as.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Hears of what an operator should know.</param>
    /// <exception cref="UnitdException">The state directory cannot be used, or another unitd uses it.</exception>
    public UnitdServer(UnitdOptions options, string executable, string executorApplet, TimeProvider time, Action<string> log)
    {
        _options = options;
        _executable = executable;
        _log = log;
        _time = time;
        try
        {
            Directory.CreateDirectory(options.StateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            _lock = new FileStream(Path.Combine(options.StateDirectory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new UnitdException($"cannot use the state directory {options.StateDirectory}: {unusable.Message}; is another unitd running on it?", unusable);
        }

        var handover = Handover.TryTake();
        _listener = handover is { } before ? new Socket(new SafeSocketHandle(before.Listener, ownsHandle: true)) : Listen(options);
        _supervisor = new UnitSupervisor(
            options, new Spawner(Self, executorApplet), HostFacts.Specifiers(), HostFacts.BaseEnvironment(options), time, log, handover);
        _requests = new UnitRequests(_supervisor, time, () => _shutdown.TrySetResult());
        _asked = handover is { } asked ? new Socket(new SafeSocketHandle(asked.Client, ownsHandle: true)) : null;
    }

    private static Socket Listen(UnitdOptions options)
    {
        File.Delete(options.SocketPath);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(options.SocketPath));
        }
        catch (Exception unusable) when (unusable is SocketException or ArgumentOutOfRangeException)
        {
            throw new UnitdException($"cannot listen on {options.SocketPath}: {unusable.Message}", unusable);
        }

        listener.Listen(64);
        return listener;
    }

    /// <summary>
    /// Serves until <paramref name="cancel"/> or a shutdown request; then all units are stopped in order. A failure that nobody foresaw is thrown, and stops
    /// no unit.
    /// </summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var ending = new CancellationTokenSource();
        Task loop = _supervisor.RunAsync(ending.Token);
        Task serving = ServeAsync(ending.Token);
        if (_asked is not null)
        {
            await TellDoneAsync(_asked);
        }

        Task stopping = Task.WhenAny(_shutdown.Task, Task.Delay(Timeout.InfiniteTimeSpan, _time, cancel));
        if (await Task.WhenAny(loop, serving, stopping) == stopping)
        {
            await await _supervisor.AskAsync(supervisor => supervisor.StopAll());
        }

        await ending.CancelAsync();
        await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var part in (Task[])[loop, serving])
        {
            if (part.IsFaulted)
            {
                await part;
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_options.SocketPath);
        _supervisor.Dispose();
        _lock.Dispose();
    }

    private async Task ServeAsync(CancellationToken cancel)
    {
        var connections = new HashSet<Task>();
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(cancel);
                connections.RemoveWhere(task => task.IsCompleted);
                connections.Add(AnswerAsync(connection, cancel));
            }
            catch (SocketException full)
            {
                // Whoever is connected may leave: who wants in waits until then.
                _log($"cannot take a connection: {full.Message}");
                await Task.Delay(_acceptPause, _time, cancel);
            }
        }

        await Task.WhenAll(connections);
    }

    /// <summary>The unitd before this one was asked to become it: it has.</summary>
    private static async Task TellDoneAsync(Socket client)
    {
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{JsonSerializer.Serialize(new UnitdReply(), UnitdJson.Default.UnitdReply)}\n"));
        }
        catch (IOException)
        {
            // It did not wait.
        }
    }

    /// <summary>Returns only when it failed: else the new program answers.</summary>
    private async Task<UnitdReply> ReexecuteAsync(int client, CancellationToken cancel)
    {
        string failure = UnitSupervisor.Busy;
        for (int attempt = 0; attempt < 250 && failure == UnitSupervisor.Busy; attempt++)
        {
            failure = await _supervisor.AskAsync(supervisor => supervisor.Reexecute(handover =>
                (handover with { Client = client, Listener = (int)_listener.Handle }).Execute(_executable)));
            await Task.Delay(_reexecutionPause, _time, cancel);
        }

        return new UnitdReply { ExitCode = 1, Error = $"Failed to reexecute: {failure}" };
    }

    private async Task AnswerAsync(Socket connection, CancellationToken cancel)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            await using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
            string? line = await reader.ReadLineAsync(cancel);
            if (line is null)
            {
                return;
            }

            var request = JsonSerializer.Deserialize(line, UnitdJson.Default.UnitdRequest) ?? throw new JsonException("the request is null");
            var reply = request.Verb == "daemon-reexec" ? await ReexecuteAsync((int)connection.Handle, cancel) : await _requests.AnswerAsync(request, cancel);
            await writer.WriteLineAsync(JsonSerializer.Serialize(reply, UnitdJson.Default.UnitdReply).AsMemory(), cancel);
            await writer.FlushAsync(cancel);
            if (request.Verb == "journal" && reply.ExitCode == 0)
            {
                await WriteJournalAsync(request, writer, cancel);
            }
            else if (request.Verb == "monitor")
            {
                await WriteChangesAsync(writer, cancel);
            }

            await writer.FlushAsync(cancel);
        }
        catch (Exception broken) when (broken is IOException or JsonException or OperationCanceledException or SocketException)
        {
            // The client went away or does not speak the protocol: nobody is left to tell.
        }
    }

    private async Task WriteChangesAsync(StreamWriter writer, CancellationToken cancel)
    {
        await foreach (var change in _supervisor.MonitorAsync(cancel))
        {
            await writer.WriteLineAsync($"{change.Name} {change.LoadState} {change.ActiveState} {change.SubState}".AsMemory(), cancel);
            await writer.FlushAsync(cancel);
        }
    }

    private async Task WriteJournalAsync(UnitdRequest request, StreamWriter writer, CancellationToken cancel)
    {
        var journal = await _supervisor.AskAsync(supervisor => supervisor.JournalOf(supervisor.Find(request.Names[0])!));
        var filter = new JournalFilter(request.HighestPriority, request.LowestPriority, request.IsThisBoot ? HostFacts.Boot : null);
        var (lines, next) = journal.ReadLast(request.Lines, filter);
        for (string? boot = null; ;)
        {
            foreach (var line in lines)
            {
                if (boot is not null && boot != line.Boot)
                {
                    await writer.WriteLineAsync($"-- Boot {line.Boot} --".AsMemory(), cancel);
                }

                boot = line.Boot;
                await writer.WriteLineAsync(line.Format(HostFacts.HostName).AsMemory(), cancel);
            }

            await writer.FlushAsync(cancel);
            if (!request.IsFollowing)
            {
                return;
            }

            await journal.WaitAsync(next).WaitAsync(cancel);
            (lines, next) = journal.ReadOn(next, filter);
        }
    }
}
