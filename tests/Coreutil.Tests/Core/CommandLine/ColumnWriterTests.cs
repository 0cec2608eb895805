using Coreutil.Core.CommandLine;

namespace Coreutil.Tests.Core.CommandLine;

// Go's tabwriter as fleetctl sets it up: rows recorded from the original.
public sealed class ColumnWriterTests
{
    [Fact]
    public void A_column_is_padded_with_tabs_to_a_multiple_of_eight()
    {
        string text = ColumnWriter.Format(
        [
            ["MACHINE", "IP", "METADATA"],
            ["164546f6...", "172.18.1.1", "disk=ssd,region=eu"],
            ["78882aae...", "172.18.1.2", "region=us"],
        ]);

        Assert.Equal("MACHINE\t\tIP\t\tMETADATA\n164546f6...\t172.18.1.1\tdisk=ssd,region=eu\n78882aae...\t172.18.1.2\tregion=us\n", text);
    }

    [Fact]
    public void A_cell_that_fills_its_column_gets_one_more_tab_stop()
    {
        Assert.Equal("1234567\ta\n12\tb\n", ColumnWriter.Format([["1234567", "a"], ["12", "b"]]));
        Assert.Equal("12345678\ta\n12\t\tb\n", ColumnWriter.Format([["12345678", "a"], ["12", "b"]]));
    }

    [Fact]
    public void Nothing_prints_nothing()
    {
        Assert.Equal("", ColumnWriter.Format([]));
    }
}
