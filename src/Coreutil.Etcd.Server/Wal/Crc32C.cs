using System.Buffers.Binary;
using System.Numerics;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>CRC-32C (Castagnoli), by the processor's instruction where there is one.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/> chained on <paramref name="previous"/>.</summary>
    public static uint Compute(uint previous, ReadOnlySpan<byte> bytes)
    {
        uint crc = ~previous;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
