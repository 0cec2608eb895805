using System.Buffers.Binary;

namespace Coreutil.Etcd.Server;

/// <summary>Recognises data directories of the original etcd, which have the same layout and other contents. Nothing is written to them.</summary>
internal static class OriginalData
{
    private const string WayOver =
        "nothing was changed. To bring the keys over, let the original run, start this one with an empty --data-dir, and copy them, for example with etcdctl ls --recursive, get and set";

    /// <summary>The line that refuses the directory; null when it is new or our own.</summary>
    public static string? Refuse(string path, string walPath)
    {
        if (File.Exists(Path.Combine(path, "log")) && File.Exists(Path.Combine(path, "conf")))
        {
            return $"{path} is a data directory of etcd 0.4, which this one does not read; {WayOver}";
        }

        if (File.Exists(Path.Combine(path, "member", "snap", "db")))
        {
            return $"{path} is a data directory of etcd 3, which this one does not read; {WayOver}";
        }

        string? log = Directory.Exists(walPath) ? Directory.EnumerateFiles(walPath, "*.wal").Order(StringComparer.Ordinal).FirstOrDefault() : null;
        return log is not null && IsOriginalLog(log) ? $"{log} is a log of the original etcd, which this one does not read; {WayOver}" : null;
    }

    /// <summary>Its frames are an 8-byte length and a protobuf record, the first of which holds a CRC.</summary>
    private static bool IsOriginalLog(string file)
    {
        using var log = File.OpenHandle(file);
        Span<byte> start = stackalloc byte[9];
        return RandomAccess.Read(log, start, 0) == start.Length && BinaryPrimitives.ReadUInt64LittleEndian(start) is > 0 and < 256 && start[8] == 0x08;
    }
}
