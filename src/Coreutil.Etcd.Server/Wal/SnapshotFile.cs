using System.Buffers.Binary;
using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>The whole store at one log position in a file of its own: temporary file, fsync, rename, directory fsync. Format in README.md.</summary>
internal static class SnapshotFile
{
    public const string Extension = ".snap";
    private const string Magic = "coreutil snap 1\n";
    private const byte FileMark = 1;
    private const byte DirectoryMark = 2;

    public static string NameOf(LogPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position.Term:x16}-{position.Index:x16}{Extension}");

    public static void Write(string directory, LogPosition position, StoreView view)
    {
        string path = Path.Combine(directory, NameOf(position));
        string staged = path + ".tmp";
        using (var file = new FileStream(staged, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encode(position, view));
            file.Flush(flushToDisk: true);
        }

        File.Move(staged, path, overwrite: true);
        WalDirectory.SyncDirectory(directory);
    }

    /// <summary>The newest whole snapshot; damaged ones are kept as <c>.broken</c> and passed over, as etcd does.</summary>
    public static (LogPosition Position, StoreView View)? ReadNewest(string directory)
    {
        foreach (string path in Directory.EnumerateFiles(directory, "*" + Extension).OrderDescending(StringComparer.Ordinal))
        {
            if (Decode(File.ReadAllBytes(path)) is { } snapshot)
            {
                return snapshot;
            }

            File.Move(path, path + ".broken", overwrite: true);
        }

        return null;
    }

    public static byte[] Encode(LogPosition position, StoreView view)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(System.Text.Encoding.ASCII.GetBytes(Magic));
        writer.Write(position.Term);
        writer.Write(position.Index);
        writer.Write(view.Index);
        Write(writer, view.Keys);
        Write(writer, view.Cluster);
        Write(writer, view.Auth);
        writer.Flush();
        writer.Write(Crc32C.Compute(0, bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        return bytes.ToArray();
    }

    /// <summary>Null when the bytes are damaged.</summary>
    public static (LogPosition Position, StoreView View)? Decode(byte[] bytes)
    {
        if (bytes.Length < Magic.Length + sizeof(uint) || Crc32C.Compute(0, bytes.AsSpan(..^4)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^4..)))
        {
            return null;
        }

        using var reader = new BinaryReader(new MemoryStream(bytes));
        if (System.Text.Encoding.ASCII.GetString(reader.ReadBytes(Magic.Length)) != Magic)
        {
            return null;
        }

        var position = new LogPosition(reader.ReadUInt64(), reader.ReadUInt64());
        ulong index = reader.ReadUInt64();
        return (position, new StoreView(ReadNode(reader), ReadNode(reader), ReadNode(reader), index));
    }

    private static void Write(BinaryWriter writer, StoreNode node)
    {
        writer.Write(node.IsDirectory ? DirectoryMark : FileMark);
        writer.Write(node.CreatedIndex);
        writer.Write(node.ModifiedIndex);
        writer.Write(node.Deadline?.UtcTicks ?? 0);
        if (node.Children is not { } children)
        {
            WriteText(writer, node.Value!);
            return;
        }

        writer.Write7BitEncodedInt(children.Count);
        foreach (var (name, child) in children)
        {
            WriteText(writer, name);
            Write(writer, child);
        }
    }

    private static StoreNode ReadNode(BinaryReader reader)
    {
        bool isDirectory = reader.ReadByte() == DirectoryMark;
        ulong created = reader.ReadUInt64();
        ulong modified = reader.ReadUInt64();
        long ticks = reader.ReadInt64();
        DateTimeOffset? deadline = ticks == 0 ? null : new DateTimeOffset(ticks, TimeSpan.Zero);
        if (!isDirectory)
        {
            return StoreNode.File(ReadText(reader), modified, deadline) with { CreatedIndex = created };
        }

        var directory = StoreNode.Directory(modified, deadline) with { CreatedIndex = created };
        var children = directory.Children!.ToBuilder();
        for (int count = reader.Read7BitEncodedInt(); count > 0; count--)
        {
            children.Add(ReadText(reader), ReadNode(reader));
        }

        return directory with { Children = children.ToImmutable() };
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = RawText.Encode(text);
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    private static string ReadText(BinaryReader reader) => RawText.Decode(reader.ReadBytes(reader.Read7BitEncodedInt()));
}
