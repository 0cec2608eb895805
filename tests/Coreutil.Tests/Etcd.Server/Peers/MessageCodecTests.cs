using System.Buffers;
using System.Buffers.Binary;
using Coreutil.Etcd.Server.Peers;
using Coreutil.Raft;

namespace Coreutil.Tests.Etcd.Server.Peers;

// The wire between members: every message comes as it went, and nothing that anybody may send takes more than its own bytes.
public sealed class MessageCodecTests
{
    private static readonly NodeId _from = new(0xA1);
    private static readonly NodeId _to = new(ulong.MaxValue);

    public static TheoryData<Message> Messages =>
    [
        new Message.RequestVote(_from, _to, 7, new(6, 99), IsPreVote: true, IsTransfer: false),
        new Message.AnswerVote(_from, _to, 7, IsPreVote: false, IsGranted: true, new LogPosition(6, 40)),
        new Message.Append(_from, _to, 7, new(6, 99), [], 98),
        new Message.AnswerAppend(_from, _to, 7, 99, IsRejected: true, new(5, 50)),
        new Message.Heartbeat(_from, _to, 7, new(7, 98), 3),
        new Message.AnswerHeartbeat(_from, _to, 7, 3),
        new Message.InstallSnapshot(_from, _to, 7, new(new(6, 99), MemberSet.Of([_from, _to], [new NodeId(3)]))),
        new Message.TimeoutNow(_from, _to, 7),
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_comes_as_it_went(Message message)
    {
        var read = MessageCodec.Read(Frame(message));

        // Records compare arrays by identity: what has some is compared as text.
        Assert.Equal(message.ToString(), read.ToString());
        Assert.Equal(message.GetType(), read.GetType());
    }

    [Fact]
    public void Entries_proposals_and_reads_come_in_order()
    {
        var append = (Message.Append)MessageCodec.Read(Frame(new Message.Append(
            _from, _to, 7, new(6, 99), [new(100, 7, EntryKind.Command, new byte[] { 1, 2 }), new(101, 7, EntryKind.LeaderStart, ReadOnlyMemory<byte>.Empty)], 98)));
        var propose = (Message.Propose)MessageCodec.Read(Frame(new Message.Propose(_from, _to, [new(EntryKind.MembershipChange, new byte[] { 9 })])));
        var answer = (Message.AnswerReadIndex)MessageCodec.Read(Frame(new Message.AnswerReadIndex(_from, _to, 55, [1, ulong.MaxValue])));

        Assert.Equal([(100UL, EntryKind.Command, 2), (101UL, EntryKind.LeaderStart, 0)], append.Entries.Select(entry => (entry.Index, entry.Kind, entry.Payload.Length)));
        Assert.Equal([1, 2], append.Entries[0].Payload.ToArray());
        Assert.Equal((EntryKind.MembershipChange, (byte)9), (propose.Proposals[0].Kind, propose.Proposals[0].Payload.Span[0]));
        Assert.Equal([1, ulong.MaxValue], answer.Requests.AsEnumerable());
    }

    [Fact]
    public void A_cut_or_lengthened_frame_is_refused_wherever_it_was_cut()
    {
        byte[] frame = Frame(new Message.Append(_from, _to, 7, new(6, 99), [new(100, 7, EntryKind.Command, new byte[] { 1, 2, 3 })], 98));

        for (int length = 0; length < frame.Length; length++)
        {
            Assert.Throws<MalformedMessageException>(() => MessageCodec.Read(frame.AsMemory(0, length)));
        }

        Assert.Throws<MalformedMessageException>(() => MessageCodec.Read((byte[])[.. frame, 0]));
    }

    // A count of two thousand million entries in a frame of eighty bytes.
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    [InlineData(2)]
    public void A_count_beyond_the_frame_is_refused_before_anything_is_allocated(int count)
    {
        byte[] frame = Frame(new Message.Append(_from, _to, 7, new(6, 99), [new(100, 7, EntryKind.Command, new byte[] { 1, 2, 3 })], 98));
        const int CountOffset = 1 + (3 * 8) + 16;
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(CountOffset), count);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MalformedMessageException>(() => MessageCodec.Read(frame));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Any_bytes_give_a_message_or_a_refusal()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        byte[] start = Frame(new Message.Propose(_from, _to, [new(EntryKind.Command, new byte[40])]));
        for (int round = 0; round < 20_000; round++)
        {
            byte[] frame = round % 2 == 0 ? new byte[random.Next(120)] : [.. start];
            if (round % 2 == 0)
            {
                random.NextBytes(frame);
                if (frame.Length > 0)
                {
                    frame[0] = (byte)random.Next(13);
                }
            }
            else
            {
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            }

            var failure = Record.Exception(() => MessageCodec.Read(frame));

            Assert.True(failure is null or MalformedMessageException, $"seed {Seed}, round {round}: {failure}");
        }
    }

    private static byte[] Frame(Message message)
    {
        var output = new ArrayBufferWriter<byte>();
        int written = MessageCodec.Write(output, message);
        Assert.Equal(written, output.WrittenCount);
        Assert.Equal(written - MessageCodec.LengthSize, BinaryPrimitives.ReadInt32LittleEndian(output.WrittenSpan));
        return output.WrittenSpan[MessageCodec.LengthSize..].ToArray();
    }
}
