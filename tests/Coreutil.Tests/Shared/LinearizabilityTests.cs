namespace Coreutil.Tests.Shared;

/// <summary>Histories of one register whose verdict is known; the examples are those of Herlihy and Wing's paper and its readers.</summary>
public sealed class LinearizabilityTests
{
    private readonly List<TimedOperation<(bool IsWrite, int Value)>> _history = [];

    [Fact]
    public void A_read_sees_the_last_write_that_returned()
    {
        Write(1, called: 1, returned: 2);
        Read(1, called: 3, returned: 4);
        AssertVerdict(LinearizabilityVerdict.Linearizable);
    }

    [Fact]
    public void A_stale_read_is_found()
    {
        Write(1, called: 1, returned: 2);
        Write(2, called: 3, returned: 4);
        Read(1, called: 5, returned: 6);
        AssertVerdict(LinearizabilityVerdict.NotLinearizable);
    }

    [Fact]
    public void A_read_at_the_same_time_may_see_either()
    {
        Write(1, called: 1, returned: 10);
        Read(0, called: 2, returned: 3);
        Read(1, called: 4, returned: 5);
        AssertVerdict(LinearizabilityVerdict.Linearizable);
    }

    [Fact]
    public void A_value_once_seen_does_not_go_again()
    {
        Write(1, called: 1, returned: 10);
        Read(1, called: 2, returned: 3);
        Read(0, called: 4, returned: 5);
        AssertVerdict(LinearizabilityVerdict.NotLinearizable);
    }

    [Fact]
    public void Two_readers_agree_on_the_order_of_two_writes()
    {
        Write(1, called: 1, returned: 10);
        Write(2, called: 1, returned: 10);
        Read(1, called: 11, returned: 12);
        Read(2, called: 13, returned: 14);
        AssertVerdict(LinearizabilityVerdict.NotLinearizable);
    }

    [Theory]
    [InlineData(1, LinearizabilityVerdict.Linearizable)] // it happened, late
    [InlineData(0, LinearizabilityVerdict.Linearizable)] // or never
    [InlineData(2, LinearizabilityVerdict.NotLinearizable)] // but nothing else did
    public void A_write_of_unknown_outcome_may_have_happened(int seen, object verdict)
    {
        Write(1, called: 1, returned: null);
        Read(0, called: 2, returned: 3);
        Read(seen, called: 4, returned: 5);
        AssertVerdict((LinearizabilityVerdict)verdict);
    }

    [Fact]
    public void A_long_history_takes_no_long_search()
    {
        for (int at = 0; at < 2000; at++)
        {
            // Three at a time.
            Write(at, called: 10 * at, returned: (10 * at) + 25);
            Read(at, called: (10 * at) + 1, returned: (10 * at) + 9);
        }

        AssertVerdict(LinearizabilityVerdict.Linearizable);
    }

    private void Write(int value, long called, long? returned) => _history.Add(new((true, value), called, returned));

    private void Read(int value, long called, long? returned) => _history.Add(new((false, value), called, returned));

    private void AssertVerdict(LinearizabilityVerdict expected)
    {
        var checker = new Linearizability<int, (bool IsWrite, int Value)>(
            (state, operation) => (operation.IsWrite || operation.Value == state, operation.IsWrite ? operation.Value : state));

        Assert.Equal(expected, checker.Check(0, _history));
    }
}
