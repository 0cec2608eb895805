using Coreutil.Supervisor.Journal;

namespace Coreutil.Tests.Supervisor.Journal;

public sealed class UnitJournalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("coreutil-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Path => System.IO.Path.Combine(_directory, "a.service");

    [Fact]
    public void The_last_lines_come_oldest_first_across_the_rotation()
    {
        var journal = new UnitJournal(Path, maximumBytes: 1000);
        Append(journal, 1, 100);

        Assert.Equal(["96", "97", "98", "99", "100"], Texts(journal.ReadLast(5, JournalFilter.Everything).Lines));
        string[] all = Texts(journal.ReadLast(int.MaxValue, JournalFilter.Everything).Lines);
        Assert.Equal(Enumerable.Range(101 - all.Length, all.Length).Select(number => $"{number}"), all);
        Assert.True(new FileInfo(Path).Length <= 1000);
        Assert.True(new FileInfo($"{Path}.1").Length <= 1000);
    }

    // Blocks of 64 KiB are read from the end: lines lie across their borders.
    [Fact]
    public void Long_lines_are_read_from_the_end()
    {
        var journal = new UnitJournal(Path);
        string[] written = [.. Enumerable.Range(0, 12).Select(number => $"{number}{new string('ä', 9000 * number)}")];
        foreach (string text in written)
        {
            journal.Append(Line(text));
        }

        Assert.Equal(written, Texts(journal.ReadLast(100, JournalFilter.Everything).Lines));
    }

    [Fact]
    public void Who_follows_gets_each_line_once_also_across_rotations()
    {
        var journal = new UnitJournal(Path, maximumBytes: 1000);
        Append(journal, 1, 5);
        var (_, cursor) = journal.ReadLast(0, JournalFilter.Everything);
        var seen = new List<string>();
        for (int number = 6; number < 100; number += 4)
        {
            Assert.False(journal.WaitAsync(cursor).IsCompleted);
            Append(journal, number, number + 3);
            Assert.True(journal.WaitAsync(cursor).IsCompleted);
            (var lines, cursor) = journal.ReadOn(cursor, JournalFilter.Everything);
            seen.AddRange(Texts(lines));
        }

        Assert.Equal(Enumerable.Range(6, seen.Count).Select(number => $"{number}"), seen);
        Assert.Equal("101", seen[^1]);
    }

    [Fact]
    public async Task Who_waits_is_woken_by_the_next_line()
    {
        var journal = new UnitJournal(Path);
        var waiting = journal.WaitAsync(journal.ReadLast(0, JournalFilter.Everything).Next);
        Assert.False(waiting.IsCompleted);

        journal.Append(Line("now"));

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Priorities_and_boots_are_chosen_from()
    {
        var journal = new UnitJournal(Path);
        journal.Append(Line("old", Priorities.Error) with { Boot = "before" });
        journal.Append(Line("quiet", Priorities.Debug));
        journal.Append(Line("loud", Priorities.Error));

        Assert.Equal(["old", "loud"], Texts(journal.ReadLast(10, new(0, Priorities.Warning, null)).Lines));
        Assert.Equal(["quiet", "loud"], Texts(journal.ReadLast(10, new(0, Priorities.Debug, "now")).Lines));
        Assert.Equal(["loud"], Texts(journal.ReadLast(1, new(0, Priorities.Warning, "now")).Lines));
    }

    [Fact]
    public void A_line_that_a_crash_cut_off_is_left_out()
    {
        var journal = new UnitJournal(Path);
        journal.Append(Line("whole"));
        File.AppendAllText(Path, "17000");

        Assert.Equal(["whole"], Texts(journal.ReadLast(10, JournalFilter.Everything).Lines));
    }

    [Theory]
    [InlineData("<3>disk on fire", 3, "disk on fire")]
    [InlineData("<7>", 7, "")]
    [InlineData("<8>no priority", 6, "<8>no priority")]
    [InlineData("<3 almost", 6, "<3 almost")]
    [InlineData("plain", 6, "plain")]
    public void A_line_may_say_its_priority_itself(string line, int priority, string text) =>
        Assert.Equal((priority, text), Priorities.TakePrefix(line, Priorities.Information));

    // journalctl -p: a single one means it and what is more urgent.
    [Theory]
    [InlineData("err", 0, 3)]
    [InlineData("3", 0, 3)]
    [InlineData("debug", 0, 7)]
    [InlineData("warning..err", 3, 4)]
    [InlineData("3..5", 3, 5)]
    public void A_priority_is_a_name_a_number_or_a_range(string text, int highest, int lowest) => Assert.Equal((highest, lowest), Priorities.ParseRange(text));

    [Theory]
    [InlineData("loud")]
    [InlineData("8")]
    [InlineData("err..")]
    public void Anything_else_is_no_priority(string text) => Assert.Null(Priorities.ParseRange(text));

    private static JournalLine Line(string text, int priority = Priorities.Information) => new(DateTimeOffset.UnixEpoch, "now", priority, 1, "a", text);

    private static void Append(UnitJournal journal, int first, int last)
    {
        for (int number = first; number <= last; number++)
        {
            journal.Append(Line($"{number}"));
        }
    }

    private static string[] Texts(IReadOnlyList<JournalLine> lines) => [.. lines.Select(line => line.Text)];
}
