using Coreutil.Applets.Unitctl.Commands;
using Coreutil.Supervisor;

namespace Coreutil.Tests.Applets.Unitctl;

// systemctl 252's list-units: the dot of units that need a look, a column for jobs only where there are any, and hints after what was asked for.
public sealed class ListUnitsTests
{
    private static readonly UnitRow _good = new("good.service", "loaded", "active", "running", "Good one");
    private static readonly UnitRow _bad = new("bad.service", "loaded", "failed", "failed", "Bad");
    private static readonly UnitRow _slow = new("slow.service", "loaded", "activating", "start", "Slow", "start");

    [Fact]
    public void A_table_has_titles_legend_and_hints() => Assert.Equal(
        """
          UNIT         LOAD   ACTIVE SUB     DESCRIPTION
        ● bad.service  loaded failed failed  Bad
          good.service loaded active running Good one

        LOAD   = Reflects whether the unit definition was properly loaded.
        ACTIVE = The high-level unit activation state, i.e. generalization of SUB.
        SUB    = The low-level unit activation state, values depend on unit type.
        2 loaded units listed. Pass --all to see loaded but inactive units, too.
        To show all installed unit files use 'unitctl list-unit-files'.

        """,
        ListUnitsCommand.Format([_bad, _good], hasLegend: true, isPlain: false, isAll: false, isByState: false));

    [Fact]
    public void A_job_has_a_column_of_its_own() => Assert.Equal(
        "  good.service loaded active     running       Good one\n  slow.service loaded activating start   start Slow\n",
        ListUnitsCommand.Format([_good, _slow], hasLegend: false, isPlain: false, isAll: false, isByState: false));

    [Fact]
    public void A_plain_list_has_no_dots() => Assert.Equal(
        "bad.service loaded failed failed Bad\n",
        ListUnitsCommand.Format([_bad], hasLegend: false, isPlain: true, isAll: true, isByState: false));

    [Fact]
    public void Nothing_found_has_titles_and_a_count() => Assert.Equal(
        "  UNIT LOAD ACTIVE SUB DESCRIPTION\n0 loaded units listed.\n",
        ListUnitsCommand.Format([], hasLegend: true, isPlain: false, isAll: false, isByState: true));
}
