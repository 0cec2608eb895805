using System.Text;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;

namespace Coreutil.Tests.Etcd.Server.Wal;

/// <summary>The rules of src/Coreutil.Etcd.Server/Wal/README.md, «Damage».</summary>
public sealed class WriteAheadLogTests
{
    private const string Writer = "a/b";
    private const int SmallSegment = 4096;

    [Fact]
    public void What_was_appended_is_there_after_a_crash()
    {
        var directory = Written(batches: 3);

        var (_, content) = WriteAheadLog.Open(directory.AfterCrash(), Writer, after: default, SmallSegment);

        Assert.Equal(["1", "2", "3"], Values(content));
        Assert.Equal(new HardState(1, new NodeId(7), 2), content.State);
        Assert.Null(content.TornFile);
    }

    [Fact]
    public void Segments_follow_each_other_and_go_when_a_snapshot_covers_them()
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Append(log, 1, 40);
        int before = directory.List().Count;
        Assert.True(before > 2);

        log.DeleteThrough(30);

        Assert.True(directory.List().Count < before);
        var (_, content) = WriteAheadLog.Open(directory.AfterCrash(), Writer, after: new LogPosition(1, 30), SmallSegment);
        Assert.Equal([.. Enumerable.Range(31, 10).Select(value => $"{value}")], Values(content));
    }

    // The data directory says who a member is; flags that changed meanwhile do not (etcd.md §5).
    [Fact]
    public void A_log_keeps_the_name_of_its_writer()
    {
        var (log, _) = WriteAheadLog.Open(Written(batches: 1), "x/y", after: default, SmallSegment);

        Assert.Equal(Writer, log.Writer);
    }

    [Fact]
    public void A_segment_of_another_member_among_the_own_is_refused()
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Append(log, 1, 12);
        string second = directory.List()[1];
        byte[] bytes = directory.Read(second);
        byte[] foreign = WalBatch.Encode(
            [new WalRecord(WalRecordType.Header, 0, 1, (byte[])[WriteAheadLog.FormatNumber, .. "x/y"u8])], WalBatch.ChainStart(bytes)).Bytes;
        directory.Replace(second, foreign);

        var refusal = Assert.Throws<WalException>(() => WriteAheadLog.Open(directory, Writer, after: default, SmallSegment));

        Assert.Contains("written by member and cluster x/y, not a/b", refusal.Message, StringComparison.Ordinal);
    }

    // ENOSPC: refused before anything is written, and taken again when there is room.
    [Fact]
    public void A_full_disk_refuses_a_batch_and_leaves_the_log_as_it_was()
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        int written = 0;
        directory.FreeBytes = 6 * SmallSegment;
        while (log.TryReserve(1000))
        {
            Append(log, ++written, 1);
        }

        Assert.True(written > 10);
        Assert.False(log.TryReserve(1000));
        Assert.Equal(written, WriteAheadLog.Open(directory.AfterCrash(), Writer, after: default, SmallSegment).Content.Entries.Count);

        directory.FreeBytes = long.MaxValue;
        Assert.True(log.TryReserve(1000));
        Append(log, written + 1, 1);
        Assert.Equal(written + 1, WriteAheadLog.Open(directory.AfterCrash(), Writer, after: default, SmallSegment).Content.Entries.Count);
    }

    [Fact]
    public void So_many_segments_as_asked_for_stay_behind_a_snapshot()
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Append(log, 1, 60);

        log.DeleteThrough(60, keep: 3);

        Assert.Equal(3, directory.List().Count);
    }

    [Fact]
    public void A_log_cut_at_any_byte_keeps_the_batches_before_it()
    {
        var (name, bytes) = Small();
        int[] ends = BatchEnds(bytes);
        for (int length = 0; length < bytes.Length; length++)
        {
            int whole = ends.Count(end => end <= length);
            AssertPrefix(name, bytes[..length], atLeast: Math.Max(0, whole - 1), atMost: 3, $"cut to {length}");
        }
    }

    // A flip inside the last batch must not pass for a torn tail: it was acknowledged.
    [Fact]
    public void A_flipped_byte_anywhere_in_a_record_is_fatal()
    {
        var (name, bytes) = Small();
        foreach (int position in UsedBytes(bytes))
        {
            byte[] damaged = [.. bytes];
            damaged[position] ^= 0x40;

            var refusal = Assert.Throws<WalException>(() => Open(name, damaged));

            Assert.Contains($"{name} is damaged at byte ", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_zeroed_sector_is_fatal_inside_and_torn_at_the_end()
    {
        var (name, bytes) = Small();
        int[] ends = BatchEnds(bytes);
        for (int sector = 0; sector < ends[^1]; sector += WalBatch.Sector)
        {
            byte[] damaged = [.. bytes];
            damaged.AsSpan(sector, WalBatch.Sector).Clear();
            if (sector >= ends[^2])
            {
                Assert.Equal(["1", "2"], Values(Open(name, damaged).Content));
            }
            else
            {
                Assert.Throws<WalException>(() => Open(name, damaged));
            }
        }
    }

    // What a crash leaves of a batch that was being written: from some byte on the zeros that were there before.
    [Fact]
    public void A_log_zeroed_from_any_byte_on_keeps_the_batches_before_it()
    {
        var (name, bytes) = Small();
        int[] ends = BatchEnds(bytes);
        for (int from = 0; from < ends[^1]; from++)
        {
            byte[] damaged = [.. bytes];
            damaged.AsSpan(from).Clear();
            int whole = ends.Count(end => end <= from);

            AssertPrefix(name, damaged, atLeast: Math.Max(0, whole - 1), atMost: whole, $"zeros from {from}");
        }
    }

    // The one byte of which nobody can say whether it was written is the very last one: the trailer of the last batch.
    [Fact]
    public void A_zeroed_byte_is_fatal_anywhere_but_at_the_very_end()
    {
        var (name, bytes) = Small();
        int last = UsedBytes(bytes).Last();
        foreach (int position in UsedBytes(bytes).Where(position => bytes[position] != 0))
        {
            byte[] damaged = [.. bytes];
            damaged[position] = 0;
            if (position == last)
            {
                Assert.Equal(["1", "2"], Values(Open(name, damaged).Content));
            }
            else
            {
                Assert.Throws<WalException>(() => Open(name, damaged));
            }
        }
    }

    [Fact]
    public void A_torn_tail_is_kept_aside_and_the_log_goes_on()
    {
        var (name, bytes) = Small();
        byte[] torn = bytes[..(BatchEnds(bytes)[^1] - 480)];
        var directory = new MemoryWalDirectory();
        directory.Replace(name, torn);

        var (log, content) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Assert.Equal(name + ".broken", content.TornFile);
        Assert.Equal(torn, directory.Read(name + ".broken"));
        log.Append(null, [new Entry(3, 1, EntryKind.Command, "again"u8.ToArray())]);

        Assert.Equal(["1", "2", "again"], Values(WriteAheadLog.Open(directory.AfterCrash(), Writer, after: default, SmallSegment).Content));
    }

    // Raft §5.3: «delete the existing entry and all that follow it».
    [Fact]
    public void An_entry_replaces_the_one_with_its_index_and_all_that_follow()
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Append(log, 1, 20);
        log.Append(new HardState(2, null, 4), [Entry(5, 2, "other")]);
        log.Append(null, [Entry(6, 2, "more")]);

        var (_, content) = WriteAheadLog.Open(directory.AfterCrash(), Writer, after: default, SmallSegment);

        Assert.Equal(["1", "2", "3", "4", "other", "more"], Values(content));
        Assert.Equal([1, 1, 1, 1, 2, 2], content.Entries.Select(entry => entry.Term));
    }

    // Raft §7: an installed snapshot voids the whole log before it, what was beyond its index too.
    [Fact]
    public void Nothing_before_an_installed_snapshot_comes_back()
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Append(log, 1, 9);
        log.Append(new HardState(3, null, 7), [], installed: new LogPosition(3, 7));
        Assert.Empty(WriteAheadLog.Open(directory.AfterCrash(), Writer, new LogPosition(3, 7), SmallSegment).Content.Entries);

        log.Append(null, [Entry(8, 3, "new")]);

        Assert.Equal(["new"], Values(WriteAheadLog.Open(directory.AfterCrash(), Writer, new LogPosition(3, 7), SmallSegment).Content));
    }

    [Theory]
    [InlineData(3ul, 0)] // another entry was there: what followed it is void
    [InlineData(1ul, 2)] // the same entry: what follows is good
    public void A_crash_between_a_snapshot_and_its_record_is_seen_by_the_term(ulong term, int left)
    {
        var directory = Written(batches: 9).AfterCrash();
        var (log, content) = WriteAheadLog.Open(directory, Writer, new LogPosition(term, 7), SmallSegment);
        Assert.Equal(left, content.Entries.Count);

        // What is appended after that is good, however often the log is opened.
        log.Append(null, [Entry(8, 4, "new")]);
        for (int time = 0; time < 2; time++)
        {
            Assert.Equal(["new"], Values(WriteAheadLog.Open(directory.AfterCrash(), Writer, new LogPosition(term, 7), SmallSegment).Content));
        }
    }

    private static Entry Entry(ulong index, ulong term, string value) => new(index, term, EntryKind.Command, Encoding.ASCII.GetBytes(value));

    private static void AssertPrefix(string name, byte[] bytes, int atLeast, int atMost, string what)
    {
        string[] values = Values(Open(name, bytes).Content);
        Assert.True(values.Length >= Math.Min(atLeast, 3) && values.Length <= atMost, what);
        Assert.Equal(((string[])["1", "2", "3"])[..values.Length], values);
    }

    private static (WriteAheadLog Log, WalContent Content) Open(string name, byte[] bytes)
    {
        var directory = new MemoryWalDirectory();
        directory.Replace(name, bytes);
        return WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
    }

    private static (string Name, byte[] Bytes) Small()
    {
        var directory = Written(batches: 3);
        string name = Assert.Single(directory.List());
        return (name, directory.Read(name));
    }

    private static MemoryWalDirectory Written(int batches)
    {
        var directory = new MemoryWalDirectory();
        var (log, _) = WriteAheadLog.Open(directory, Writer, after: default, SmallSegment);
        Append(log, 1, batches);
        return directory;
    }

    private static void Append(WriteAheadLog log, int first, int count)
    {
        for (int index = first; index < first + count; index++)
        {
            log.Append(
                new HardState(1, new NodeId(7), (ulong)index - 1),
                [new Entry((ulong)index, 1, EntryKind.Command, Encoding.ASCII.GetBytes($"{index}"))]);
        }
    }

    /// <summary>Where each batch ends; the first is the segment's header.</summary>
    private static int[] BatchEnds(byte[] bytes)
    {
        uint crc = WalBatch.ChainStart(bytes);
        var ends = new List<int>();
        for (int offset = 0; WalBatch.Read(bytes, offset, ref crc) is BatchReading.Good good; ends.Add(offset))
        {
            offset += good.Size;
        }

        return [.. ends];
    }

    /// <summary>All bytes of headers, records and trailers: the padding behind them means nothing.</summary>
    private static IEnumerable<int> UsedBytes(byte[] bytes)
    {
        int start = 0;
        foreach (int end in BatchEnds(bytes))
        {
            int used = WalBatch.HeaderSize + BitConverter.ToInt32(bytes, start + 4) + 1;
            foreach (int position in Enumerable.Range(start, used))
            {
                yield return position;
            }

            start = end;
        }
    }

    private static string[] Values(WalContent content) => [.. content.Entries.Select(entry => Encoding.ASCII.GetString(entry.Payload.Span))];
}
