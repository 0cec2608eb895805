using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>A snapshot as bytes, written and read as a stream: no second copy of the store is made. Layout in README.md.</summary>
internal static class SnapshotCodec
{
    private const byte FileMark = 1;
    private const byte DirectoryMark = 2;

    [Flags]
    private enum NodeMarks : byte
    {
        None = 0,
        Directory = 1,
        Value = 2,
        Expiration = 4,
    }

    [Flags]
    private enum EventMarks : byte
    {
        None = 0,
        Refresh = 1,
        Removed = 2,
        Previous = 4,
    }

    public static void Write(BinaryWriter writer, StoreSnapshot snapshot)
    {
        writer.Write(snapshot.Position.Term);
        writer.Write(snapshot.Position.Index);
        writer.Write(snapshot.View.Index);
        Write(writer, snapshot.View.Keys);
        Write(writer, snapshot.View.Cluster);
        Write(writer, snapshot.View.Auth);
        writer.Write7BitEncodedInt(snapshot.History.Length);
        foreach (var occurred in snapshot.History)
        {
            Write(writer, occurred);
        }
    }

    public static StoreSnapshot Read(BinaryReader reader)
    {
        var position = new LogPosition(reader.ReadUInt64(), reader.ReadUInt64());
        ulong index = reader.ReadUInt64();
        var view = new StoreView(ReadNode(reader), ReadNode(reader), ReadNode(reader), index);
        var history = ImmutableArray.CreateBuilder<StoreEvent>();
        for (int count = reader.Read7BitEncodedInt(); count > 0; count--)
        {
            history.Add(ReadEvent(reader));
        }

        return new StoreSnapshot(position, view, history.ToImmutable());
    }

    private static void Write(BinaryWriter writer, StoreNode node)
    {
        writer.Write(node.IsDirectory ? DirectoryMark : FileMark);
        writer.Write(node.CreatedIndex);
        writer.Write(node.ModifiedIndex);
        WriteTime(writer, node.Deadline);
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
        var deadline = ReadTime(reader);
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

    private static void Write(BinaryWriter writer, StoreEvent occurred)
    {
        var (action, node, previous) = occurred.Event;
        writer.Write((byte)occurred.Space);
        writer.Write((byte)((occurred.IsRefresh ? EventMarks.Refresh : 0) | (occurred.Removed is null ? 0 : EventMarks.Removed) | (previous is null ? 0 : EventMarks.Previous)));
        WriteText(writer, action);
        Write(writer, node);
        if (previous is not null)
        {
            Write(writer, previous);
        }
    }

    private static StoreEvent ReadEvent(BinaryReader reader)
    {
        var space = (StoreSpace)reader.ReadByte();
        var marks = (EventMarks)reader.ReadByte();
        string action = ReadText(reader);
        var node = ReadKeyNode(reader);
        var previous = marks.HasFlag(EventMarks.Previous) ? ReadKeyNode(reader) : null;
        return new StoreEvent(
            space, new KeyEvent(action, node, previous), marks.HasFlag(EventMarks.Refresh), marks.HasFlag(EventMarks.Removed) ? StoreNode.Root : null);
    }

    private static void Write(BinaryWriter writer, KeyNode node)
    {
        writer.Write((byte)((node.IsDirectory ? NodeMarks.Directory : 0) | (node.Value is null ? 0 : NodeMarks.Value) | (node.Expiration is null ? 0 : NodeMarks.Expiration)));
        WriteText(writer, node.Key);
        if (node.Value is { } value)
        {
            WriteText(writer, value);
        }

        if (node.Expiration is not null)
        {
            WriteTime(writer, node.Expiration);
            writer.Write(node.TtlSeconds);
        }

        writer.Write(node.CreatedIndex);
        writer.Write(node.ModifiedIndex);
    }

    private static KeyNode ReadKeyNode(BinaryReader reader)
    {
        var marks = (NodeMarks)reader.ReadByte();
        bool expires = marks.HasFlag(NodeMarks.Expiration);
        return new KeyNode
        {
            IsDirectory = marks.HasFlag(NodeMarks.Directory),
            Key = ReadText(reader),
            Value = marks.HasFlag(NodeMarks.Value) ? ReadText(reader) : null,
            Expiration = expires ? ReadTime(reader) : null,
            TtlSeconds = expires ? reader.ReadInt64() : 0,
            CreatedIndex = reader.ReadUInt64(),
            ModifiedIndex = reader.ReadUInt64(),
        };
    }

    /// <summary>UTC ticks, 0 for none.</summary>
    private static void WriteTime(BinaryWriter writer, DateTimeOffset? time) => writer.Write(time?.UtcTicks ?? 0);

    private static DateTimeOffset? ReadTime(BinaryReader reader) => reader.ReadInt64() is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = RawText.Encode(text);
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    private static string ReadText(BinaryReader reader) => RawText.Decode(reader.ReadBytes(reader.Read7BitEncodedInt()));
}
