using Coreutil.Supervisor.Machine;

namespace Coreutil.Tests.Supervisor.Machine;

public sealed class DependencyIndexTests
{
    private readonly DependencyIndex _index = new();

    [Fact]
    public void Whoever_names_a_unit_is_found_by_its_name()
    {
        _index.Set("a", new() { Requires = ["x"], After = ["x"] });
        _index.Set("b", new() { Conflicts = ["x"], Before = ["x"] });
        _index.Set("c", new() { Triggers = ["x"] });

        Assert.Equal(["a", "c"], _index.ReferringTo("x"));
        Assert.Equal(["b"], _index.RivalsOf("x"));
        Assert.Equal(["a", "b"], _index.OrderedBy("x"));
        Assert.Empty(_index.ReferringTo("a"));
    }

    [Fact]
    public void A_file_that_is_read_again_counts_instead_of_the_old_one()
    {
        _index.Set("a", new() { Requires = ["x"], After = ["x"] });

        _index.Set("a", new() { Requires = ["y"] });

        Assert.Empty(_index.ReferringTo("x"));
        Assert.Empty(_index.OrderedBy("x"));
        Assert.Equal(["a"], _index.ReferringTo("y"));
    }

    [Fact]
    public void An_unloaded_unit_names_nobody()
    {
        _index.Set("a", new() { Requires = ["x"] });

        _index.Remove("a");

        Assert.Empty(_index.ReferringTo("x"));
    }
}
