using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>The whole store at one log position in a file of its own: temporary file, fsync, rename, directory fsync. Format in README.md.</summary>
internal static class SnapshotFile
{
    public const string Extension = ".snap";
    private const string StagedExtension = ".tmp";
    private const string MagicWord = "coreutil snap ";
    private const string Magic = MagicWord + "2\n";
    private const int Buffer = 64 << 10;

    public static string NameOf(LogPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position.Term:x16}-{position.Index:x16}{Extension}");

    public static void Write(string directory, StoreSnapshot snapshot)
    {
        string path = Path.Combine(directory, NameOf(snapshot.Position));
        string staged = path + StagedExtension;
        try
        {
            using (var file = new FileStream(staged, FileMode.Create, FileAccess.Write, FileShare.Read, Buffer))
            using (var checked32 = new ChecksumStream(file))
            {
                using (var writer = new BinaryWriter(checked32, Encoding.UTF8, leaveOpen: true))
                {
                    writer.Write(Encoding.ASCII.GetBytes(Magic));
                    SnapshotCodec.Write(writer, snapshot);
                }

                Span<byte> crc = stackalloc byte[sizeof(uint)];
                BinaryPrimitives.WriteUInt32LittleEndian(crc, checked32.Checksum);
                file.Write(crc);
                file.Flush(flushToDisk: true);
            }

            File.Move(staged, path, overwrite: true);
        }
        finally
        {
            // After a failure (a full disk) the half that was written gives its room back.
            File.Delete(staged);
        }

        WalDirectory.SyncDirectory(directory);
    }

    /// <summary>The newest whole snapshot; damaged ones are kept as <c>.broken</c> and passed over, as etcd does.</summary>
    public static StoreSnapshot? ReadNewest(string directory)
    {
        foreach (string staged in Directory.EnumerateFiles(directory, "*" + Extension + StagedExtension))
        {
            File.Delete(staged);
        }

        foreach (string path in Files(directory))
        {
            if (Read(path) is { } snapshot)
            {
                return snapshot;
            }

            File.Move(path, path + ".broken", overwrite: true);
        }

        return null;
    }

    /// <summary>The snapshots, the newest first.</summary>
    public static IEnumerable<string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*" + Extension).OrderDescending(StringComparer.Ordinal);

    /// <summary>What a whole file covers; null when it is damaged or of another format.</summary>
    public static LogPosition? PositionOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, Buffer);
        using var reader = new BinaryReader(file);
        if (file.Length < Magic.Length + (2 * sizeof(ulong)) + sizeof(uint) || !IsWhole(file, reader))
        {
            return null;
        }

        file.Position = 0;
        return Encoding.ASCII.GetString(reader.ReadBytes(Magic.Length)) == Magic ? new LogPosition(reader.ReadUInt64(), reader.ReadUInt64()) : null;
    }

    /// <summary>Whether a copy of a snapshot's bytes is undamaged.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= Magic.Length + sizeof(uint) && Crc32C.Compute(0, bytes[..^sizeof(uint)]) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]);

    /// <summary>Null when the file is damaged. It is read twice, so that nothing is made of bytes that were not checked.</summary>
    public static StoreSnapshot? Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, Buffer);
        using var reader = new BinaryReader(file);
        if (file.Length < Magic.Length + sizeof(uint) || !IsWhole(file, reader))
        {
            return null;
        }

        file.Position = 0;
        string magic = Encoding.ASCII.GetString(reader.ReadBytes(Magic.Length));
        if (magic != Magic && magic.StartsWith(MagicWord, StringComparison.Ordinal))
        {
            throw new WalException($"{path} has snapshot format {magic[MagicWord.Length..].Trim()}, this release reads {Magic[MagicWord.Length..].Trim()}: use the release that wrote it");
        }

        return magic == Magic ? SnapshotCodec.Read(reader) : null;
    }

    private static bool IsWhole(FileStream file, BinaryReader reader)
    {
        byte[] buffer = new byte[Buffer];
        uint crc = 0;
        long left = file.Length - sizeof(uint);
        while (left > 0)
        {
            int count = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (count == 0)
            {
                return false;
            }

            crc = Crc32C.Compute(crc, buffer.AsSpan(0, count));
            left -= count;
        }

        return reader.ReadUInt32() == crc;
    }
}
