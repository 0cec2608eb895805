using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Coreutil.Units.Systemd.DBus;

/// <summary>One connection to a message bus or to a peer that speaks as one: authenticates, matches replies to calls, hands signals on.</summary>
public sealed partial class DBusConnection : IAsyncDisposable
{
    private const int LongestAuthenticationLine = 4096;

    private readonly NetworkStream _stream;
    private readonly Action<DBusMessage> _onSignal;
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<DBusMessage>> _calls = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _closing = new();
    private Task _reading = Task.CompletedTask;
    private uint _lastSerial;

    private DBusConnection(NetworkStream stream, Action<DBusMessage> onSignal)
    {
        _stream = stream;
        _onSignal = onSignal;
    }

    /// <summary>False as soon as the other side is gone: a new connection is needed.</summary>
    public bool IsOpen => !_reading.IsCompleted;

    /// <summary>Connects and authenticates by user ID (SASL EXTERNAL).</summary>
    /// <param name="path">The unix socket; an @ at its start names the abstract namespace.</param>
    /// <param name="onSignal">Called on the reading task with every signal.</param>
    /// <exception cref="DBusException">Nobody listens there, or we are not let in.</exception>
    public static async Task<DBusConnection> ConnectAsync(string path, Action<DBusMessage> onSignal, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path.StartsWith('@') ? '\0' + path[1..] : path), cancel);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await AuthenticateAsync(stream, path, cancel);
            var connection = new DBusConnection(stream, onSignal);
            connection._reading = connection.ReadAllAsync();
            return connection;
        }
        catch (Exception failure) when (failure is SocketException or IOException or ArgumentException)
        {
            socket.Dispose();
            throw new DBusException($"cannot connect to D-Bus at {path}: {failure.Message}", failure);
        }
    }

    /// <summary>Sends a call and waits for its reply.</summary>
    /// <exception cref="DBusCallException">The other side refused.</exception>
    /// <exception cref="DBusException">The connection broke before the reply.</exception>
    public async Task<DBusMessage> CallAsync(DBusMessage call, CancellationToken cancel)
    {
        uint serial = Interlocked.Increment(ref _lastSerial);
        var completion = new TaskCompletionSource<DBusMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls[serial] = completion;
        try
        {
            byte[] bytes = (call with { Serial = serial }).Serialise();
            await _writing.WaitAsync(cancel);
            try
            {
                await _stream.WriteAsync(bytes, cancel);
            }
            finally
            {
                _writing.Release();
            }

            if (!IsOpen)
            {
                completion.TrySetException(new DBusException($"the D-Bus connection broke before {call.Member} was answered"));
            }

            var reply = await completion.Task.WaitAsync(cancel);
            return reply.Type == DBusMessageType.Error ? throw RefusalOf(reply) : reply;
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            throw new DBusException($"the D-Bus connection broke at {call.Member}: {broken.Message}", broken);
        }
        finally
        {
            _calls.TryRemove(serial, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _stream.DisposeAsync();
        await _reading;
        _closing.Dispose();
        _writing.Dispose();
    }

    private static DBusCallException RefusalOf(DBusMessage error) =>
        new(error.ErrorName!, error.Signature.StartsWith('s') ? error.Read().ReadString() : error.ErrorName!);

    private static async Task AuthenticateAsync(NetworkStream stream, string path, CancellationToken cancel)
    {
        // The ID travels as the hexadecimal form of its decimal digits. BEGIN goes along: systemd's own socket leaves a message lie that it reads
        // together with it.
        string user = Convert.ToHexStringLower(Encoding.ASCII.GetBytes(EffectiveUser().ToString(CultureInfo.InvariantCulture)));
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"\0AUTH EXTERNAL {user}\r\nBEGIN\r\n"), cancel);
        string answer = await ReadLineAsync(stream, cancel);
        if (!answer.StartsWith("OK ", StringComparison.Ordinal))
        {
            throw new DBusException($"D-Bus at {path} does not let us in: it answered '{answer}'");
        }
    }

    private static async Task<string> ReadLineAsync(NetworkStream stream, CancellationToken cancel)
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (line is not [.., (byte)'\r', (byte)'\n'])
        {
            // Nothing may be read ahead: messages follow the last line directly.
            if (line.Count == LongestAuthenticationLine || await stream.ReadAsync(one, cancel) == 0)
            {
                throw new DBusException("D-Bus broke off while we authenticated");
            }

            line.Add(one[0]);
        }

        return Encoding.ASCII.GetString([.. line]).TrimEnd();
    }

    private async Task ReadAllAsync()
    {
        var end = new DBusException("the D-Bus connection was closed");
        try
        {
            byte[] start = new byte[DBusMessage.FixedHeaderLength];
            for (; ; )
            {
                await _stream.ReadExactlyAsync(start, _closing.Token);
                byte[] bytes = new byte[DBusMessage.LengthOf(start)];
                start.CopyTo(bytes, 0);
                await _stream.ReadExactlyAsync(bytes.AsMemory(start.Length), _closing.Token);
                Dispatch(DBusMessage.Parse(bytes));
            }
        }
        catch (DBusException malformed)
        {
            end = malformed;
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or OperationCanceledException)
        {
            end = new DBusException($"the D-Bus connection broke: {closed.Message}", closed);
        }

        // After a malformed message nothing on this connection can be trusted.
        await _stream.DisposeAsync();
        foreach (var call in _calls.Values)
        {
            call.TrySetException(end);
        }
    }

    private void Dispatch(DBusMessage message)
    {
        switch (message.Type)
        {
            case DBusMessageType.Signal:
                _onSignal(message);
                break;
            case DBusMessageType.MethodReturn or DBusMessageType.Error when _calls.TryGetValue(message.ReplySerial, out var call):
                call.TrySetResult(message);
                break;
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
