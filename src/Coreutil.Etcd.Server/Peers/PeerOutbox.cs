using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Threading.Channels;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>
/// What waits to go to a member on one of its two streams: bounded, and empty while nobody has opened the stream, since old messages help nobody. The
/// other member opens it; a newer opening takes the place of the one before.
/// </summary>
internal sealed class PeerOutbox(int capacity, TimeProvider time)
{
    /// <summary>An empty frame after so much silence, so that the reader can tell a quiet member from one that is cut off.</summary>
    private static readonly TimeSpan _keepAlive = TimeSpan.FromMilliseconds(500);

    /// <summary>So much is put together before it is sent.</summary>
    private const int FlushBytes = 256 << 10;

    private readonly Channel<Message> _messages = Channel.CreateBounded<Message>(new BoundedChannelOptions(capacity));
    private readonly Lock _lock = new();
    private CancellationTokenSource? _opened;

    public bool IsOpen => Volatile.Read(ref _opened) is not null;

    /// <summary>False when nobody reads, or not fast enough.</summary>
    public bool TrySend(Message message) => IsOpen && _messages.Writer.TryWrite(message);

    /// <summary>Writes frames until the reader goes or another one comes.</summary>
    public async Task RunAsync(PipeWriter output, CancellationToken cancel)
    {
        using var own = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        CancellationTokenSource? before;
        lock (_lock)
        {
            before = _opened;
            _opened = own;
            Drain();
        }

        try
        {
            if (before is not null)
            {
                await CancelAsync(before);
            }

            await PumpAsync(output, own.Token);
        }
        finally
        {
            lock (_lock)
            {
                if (_opened == own)
                {
                    _opened = null;
                    Drain();
                }
            }
        }
    }

    public Task CloseAsync()
    {
        var opened = Volatile.Read(ref _opened);
        return opened is null ? Task.CompletedTask : CancelAsync(opened);
    }

    private static async Task CancelAsync(CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself meanwhile.
        }
    }

    private void Drain()
    {
        while (_messages.Reader.TryRead(out _))
        {
        }
    }

    private async Task PumpAsync(PipeWriter output, CancellationToken cancel)
    {
        Task<bool>? waiting = null;
        for (; ; )
        {
            int bytes = 0;
            while (bytes < FlushBytes && _messages.Reader.TryRead(out var message))
            {
                bytes += MessageCodec.Write(output, message);
            }

            if (bytes == 0)
            {
                waiting ??= _messages.Reader.WaitToReadAsync(cancel).AsTask();
                if (await Task.WhenAny(waiting, Task.Delay(_keepAlive, time, cancel)) == waiting)
                {
                    await waiting;
                    waiting = null;
                    continue;
                }

                cancel.ThrowIfCancellationRequested();
                WriteEmpty(output);
            }

            if ((await output.FlushAsync(cancel)).IsCompleted)
            {
                return;
            }
        }
    }

    private static void WriteEmpty(PipeWriter output)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(MessageCodec.LengthSize), 0);
        output.Advance(MessageCodec.LengthSize);
    }
}
