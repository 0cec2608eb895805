using System.Buffers;
using System.Text;

namespace Coreutil.Confd.Resources;

/// <summary>What a command writes while it runs; the beginning of it can be had at any time.</summary>
internal sealed class CapturedOutput(Stream pipe)
{
    /// <summary>It only goes into one line of the log.</summary>
    private const int MostBytes = 1 << 20;

    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _kept = new();

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return Encoding.UTF8.GetString(_kept.WrittenSpan);
            }
        }
    }

    /// <summary>Ends when nobody holds the writing end any more.</summary>
    public async Task ReadToEndAsync()
    {
        await using (pipe)
        {
            byte[] buffer = new byte[4096];
            int count;
            while ((count = await pipe.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                lock (_gate)
                {
                    _kept.Write(buffer.AsSpan(0, Math.Min(count, MostBytes - _kept.WrittenCount)));
                }
            }
        }
    }
}
