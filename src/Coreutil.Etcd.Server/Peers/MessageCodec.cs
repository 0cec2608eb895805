using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>What came from a peer is no message of this wire format.</summary>
internal sealed class MalformedMessageException(string message) : IOException(message);

/// <summary>
/// Messages between members as frames: length, type, from, to, term, then the fields of the type; little endian. Layout and the rule for upgrades in
/// README.md. Whatever a length or count claims, no more is allocated than the frame has bytes.
/// </summary>
internal static class MessageCodec
{
    /// <summary>Goes with each stream; members of different versions do not speak to each other.</summary>
    public const int WireVersion = 1;

    public const int LengthSize = sizeof(int);

    /// <summary>Above the largest request, since an entry goes whole.</summary>
    public const int MaximumFrame = 256 << 20;

    private const int HeaderSize = 1 + (3 * sizeof(ulong));
    private const int EntryHeaderSize = (2 * sizeof(ulong)) + 1 + sizeof(int);
    private const int ProposalHeaderSize = 1 + sizeof(int);
    private const int PositionSize = 2 * sizeof(ulong);

    /// <summary>The numbers are part of the format.</summary>
    private enum FrameType : byte
    {
        RequestVote = 1,
        AnswerVote = 2,
        Append = 3,
        AnswerAppend = 4,
        Heartbeat = 5,
        AnswerHeartbeat = 6,
        InstallSnapshot = 7,
        TimeoutNow = 8,
        Propose = 9,
        RequestReadIndex = 10,
        AnswerReadIndex = 11,
    }

    /// <summary>Writes the frame with its length; the number of bytes.</summary>
    public static int Write(IBufferWriter<byte> output, Message message)
    {
        int length = HeaderSize + BodySize(message);
        var span = output.GetSpan(LengthSize + length)[..(LengthSize + length)];
        BinaryPrimitives.WriteInt32LittleEndian(span, length);
        var writer = new SpanWriter(span[LengthSize..]);
        writer.Byte((byte)TypeOf(message));
        writer.Number(message.From.Value);
        writer.Number(message.To.Value);
        writer.Number(message.Term);
        WriteBody(ref writer, message);
        output.Advance(LengthSize + length);
        return LengthSize + length;
    }

    /// <summary>Reads a frame without its length. Payloads are slices of it, which it must outlive.</summary>
    /// <exception cref="MalformedMessageException">It is none.</exception>
    public static Message Read(ReadOnlyMemory<byte> frame)
    {
        var reader = new MemoryReader(frame);
        var type = (FrameType)reader.Byte();
        var from = new NodeId(reader.Number());
        var to = new NodeId(reader.Number());
        ulong term = reader.Number();
        Message message = type switch
        {
            FrameType.RequestVote => new Message.RequestVote(from, to, term, reader.Position(), reader.Flag(), reader.Flag()),
            FrameType.AnswerVote => new Message.AnswerVote(from, to, term, reader.Flag(), reader.Flag(), reader.Position()),
            FrameType.Append => new Message.Append(from, to, term, reader.Position(), ReadEntries(ref reader), reader.Number()),
            FrameType.AnswerAppend => new Message.AnswerAppend(from, to, term, reader.Number(), reader.Flag(), reader.Position()),
            FrameType.Heartbeat => new Message.Heartbeat(from, to, term, reader.Position(), reader.Number()),
            FrameType.AnswerHeartbeat => new Message.AnswerHeartbeat(from, to, term, reader.Number()),
            FrameType.InstallSnapshot => new Message.InstallSnapshot(
                from, to, term, new SnapshotMetadata(reader.Position(), MemberSet.Of(ReadIds(ref reader), ReadIds(ref reader)))),
            FrameType.TimeoutNow => new Message.TimeoutNow(from, to, term),
            FrameType.Propose => new Message.Propose(from, to, ReadProposals(ref reader)),
            FrameType.RequestReadIndex => new Message.RequestReadIndex(from, to, ReadNumbers(ref reader)),
            FrameType.AnswerReadIndex => new Message.AnswerReadIndex(from, to, reader.Number(), ReadNumbers(ref reader)),
            _ => throw new MalformedMessageException($"a message of type {(byte)type}, unknown to this release"),
        };
        return reader.IsAtEnd ? message : throw new MalformedMessageException($"{reader.Left} bytes too many in a {type}");
    }

    private static FrameType TypeOf(Message message) => message switch
    {
        Message.RequestVote => FrameType.RequestVote,
        Message.AnswerVote => FrameType.AnswerVote,
        Message.Append => FrameType.Append,
        Message.AnswerAppend => FrameType.AnswerAppend,
        Message.Heartbeat => FrameType.Heartbeat,
        Message.AnswerHeartbeat => FrameType.AnswerHeartbeat,
        Message.InstallSnapshot => FrameType.InstallSnapshot,
        Message.TimeoutNow => FrameType.TimeoutNow,
        Message.Propose => FrameType.Propose,
        Message.RequestReadIndex => FrameType.RequestReadIndex,
        Message.AnswerReadIndex => FrameType.AnswerReadIndex,
        _ => throw new InvalidOperationException($"unknown message {message.GetType().Name}"),
    };

    private static int BodySize(Message message) => message switch
    {
        Message.RequestVote => PositionSize + 2,
        Message.AnswerVote => 2 + PositionSize,
        Message.Append append => PositionSize + sizeof(int) + sizeof(ulong) + append.Entries.Sum(entry => EntryHeaderSize + entry.Payload.Length),
        Message.AnswerAppend => sizeof(ulong) + 1 + PositionSize,
        Message.Heartbeat => PositionSize + sizeof(ulong),
        Message.AnswerHeartbeat => sizeof(ulong),
        Message.InstallSnapshot install => PositionSize + (2 * sizeof(int))
            + ((install.Snapshot.Members.Voters.Length + install.Snapshot.Members.Learners.Length) * sizeof(ulong)),
        Message.TimeoutNow => 0,
        Message.Propose propose => sizeof(int) + propose.Proposals.Sum(proposal => ProposalHeaderSize + proposal.Payload.Length),
        Message.RequestReadIndex request => sizeof(int) + (request.Requests.Length * sizeof(ulong)),
        Message.AnswerReadIndex answer => sizeof(ulong) + sizeof(int) + (answer.Requests.Length * sizeof(ulong)),
        _ => throw new InvalidOperationException($"unknown message {message.GetType().Name}"),
    };

    private static void WriteBody(ref SpanWriter writer, Message message)
    {
        switch (message)
        {
            case Message.RequestVote request:
                writer.Position(request.LastEntry);
                writer.Flag(request.IsPreVote);
                writer.Flag(request.IsTransfer);
                break;
            case Message.AnswerVote answer:
                writer.Flag(answer.IsPreVote);
                writer.Flag(answer.IsGranted);
                writer.Position(answer.Commit);
                break;
            case Message.Append append:
                writer.Position(append.Previous);
                writer.Count(append.Entries.Length);
                foreach (var entry in append.Entries)
                {
                    writer.Number(entry.Index);
                    writer.Number(entry.Term);
                    writer.Byte((byte)entry.Kind);
                    writer.Bytes(entry.Payload.Span);
                }

                writer.Number(append.Commit);
                break;
            case Message.AnswerAppend answer:
                writer.Number(answer.Index);
                writer.Flag(answer.IsRejected);
                writer.Position(answer.Hint);
                break;
            case Message.Heartbeat heartbeat:
                writer.Position(heartbeat.Commit);
                writer.Number(heartbeat.ReadRound);
                break;
            case Message.AnswerHeartbeat answer:
                writer.Number(answer.ReadRound);
                break;
            case Message.InstallSnapshot install:
                writer.Position(install.Snapshot.Position);
                writer.Numbers(install.Snapshot.Members.Voters.Select(id => id.Value).ToArray());
                writer.Numbers(install.Snapshot.Members.Learners.Select(id => id.Value).ToArray());
                break;
            case Message.Propose propose:
                writer.Count(propose.Proposals.Length);
                foreach (var proposal in propose.Proposals)
                {
                    writer.Byte((byte)proposal.Kind);
                    writer.Bytes(proposal.Payload.Span);
                }

                break;
            case Message.RequestReadIndex request:
                writer.Numbers(request.Requests.AsSpan());
                break;
            case Message.AnswerReadIndex answer:
                writer.Number(answer.Index);
                writer.Numbers(answer.Requests.AsSpan());
                break;
        }
    }

    private static ImmutableArray<Entry> ReadEntries(ref MemoryReader reader)
    {
        var entries = ImmutableArray.CreateBuilder<Entry>(reader.Count(EntryHeaderSize));
        for (int left = entries.Capacity; left > 0; left--)
        {
            entries.Add(new Entry(reader.Number(), reader.Number(), Kind(reader.Byte()), reader.Bytes()));
        }

        return entries.MoveToImmutable();
    }

    private static ImmutableArray<Proposal> ReadProposals(ref MemoryReader reader)
    {
        var proposals = ImmutableArray.CreateBuilder<Proposal>(reader.Count(ProposalHeaderSize));
        for (int left = proposals.Capacity; left > 0; left--)
        {
            proposals.Add(new Proposal(Kind(reader.Byte()), reader.Bytes()));
        }

        return proposals.MoveToImmutable();
    }

    private static ImmutableArray<ulong> ReadNumbers(ref MemoryReader reader)
    {
        var numbers = ImmutableArray.CreateBuilder<ulong>(reader.Count(sizeof(ulong)));
        for (int left = numbers.Capacity; left > 0; left--)
        {
            numbers.Add(reader.Number());
        }

        return numbers.MoveToImmutable();
    }

    private static NodeId[] ReadIds(ref MemoryReader reader) => [.. ReadNumbers(ref reader).Select(id => new NodeId(id))];

    private static EntryKind Kind(byte number) =>
        Enum.IsDefined((EntryKind)number) ? (EntryKind)number : throw new MalformedMessageException($"an entry of kind {number}, unknown to this release");
}
