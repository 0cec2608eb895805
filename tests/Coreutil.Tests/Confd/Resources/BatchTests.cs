namespace Coreutil.Tests.Confd.Resources;

public sealed class BatchTests : IDisposable
{
    private readonly Workshop _workshop = new();
    private readonly ScriptedBackend _backend = new();

    public void Dispose()
    {
        _workshop.Dispose();
        _backend.Dispose();
    }

    // Issue 6, part 6: the same reload_cmd runs once a batch.
    [Fact]
    public async Task One_reload_serves_all_resources_that_share_it()
    {
        string reload = $"reload_cmd = \"echo r >> {_workshop["reloads"]}\"";
        var batch = _workshop.Batch(_backend);

        await batch.RunAsync([_workshop.Resource("a", "1", reload), _workshop.Resource("b", "2"), _workshop.Resource("c", "3", reload)], Cancel);

        Assert.Equal("r\n", _workshop.Read("reloads"));
        Assert.Equal("123", _workshop.Read("a") + _workshop.Read("b") + _workshop.Read("c"));
    }

    // Issue 6, part 6: a failed reload is run again although the file is in sync by then.
    [Fact]
    public async Task A_failed_reload_stays_due()
    {
        string reload = $"reload_cmd = \"test -e {_workshop["ok"]} && echo r >> {_workshop["reloads"]}\"";
        var resource = _workshop.Resource("a", "1", reload);
        var batch = _workshop.Batch(_backend);

        var first = await batch.RunAsync([resource], Cancel);
        File.WriteAllText(_workshop["ok"], "");
        var second = await batch.RunAsync([resource], Cancel);
        await batch.RunAsync([resource], Cancel);

        Assert.Equal("exit status 1", Assert.Single(first.Failures).Message);
        Assert.Empty(second.Failures);
        Assert.Equal("r\n", _workshop.Read("reloads"));
    }

    [Fact]
    public async Task A_resource_that_fails_does_not_stop_the_next()
    {
        var result = await _workshop.Batch(_backend).RunAsync([_workshop.Resource("a", "{{getv \"/none\"}}"), _workshop.Resource("b", "2")], Cancel);

        Assert.True(Assert.Single(result.Failures).MayPass, "a key that is missing may come");
        Assert.Equal("2", _workshop.Read("b"));
    }

    // Issue 6, part 6: a command that takes too long is killed with all it started.
    [Fact]
    public async Task A_command_that_takes_too_long_is_killed_with_its_children()
    {
        var resource = _workshop.Resource("a", "1", $"reload_cmd = \"sleep 1000 & echo $! > {_workshop["child"]}; wait\"\ntimeout = \"300ms\"");

        var result = await _workshop.Batch(_backend).RunAsync([resource], Cancel);

        Assert.Equal("killed: it ran longer than 300ms", Assert.Single(result.Failures).Message);
        // The kernel ends a killed process in its own time.
        string child = $"/proc/{_workshop.Read("child").Trim()}/stat";
        Assert.True(SpinWait.SpinUntil(() => HasEnded(child), TimeSpan.FromSeconds(10)), "the child of the command lives on");
    }

    [Fact]
    public async Task A_diff_shows_what_would_change_and_nothing_does()
    {
        File.WriteAllText(_workshop["a"], "old\n");
        var diff = new StringWriter();

        var result = await _workshop.Batch(_backend, _workshop.Settings with { IsDryRun = true }, diff).RunAsync([_workshop.Resource("a", "new\n")], Cancel);

        Assert.True(result.HasPending);
        Assert.Equal($"--- {_workshop["a"]}\n+++ {_workshop["a"]}\n@@ -1 +1 @@\n-old\n+new\n", diff.ToString());
        Assert.Equal("old\n", _workshop.Read("a"));
    }

    [Fact]
    public async Task Directories_are_made_and_versions_kept_where_asked()
    {
        const string Lines = "create_dest_dirs = true\nbackup = 2";
        var batch = _workshop.Batch(_backend);
        foreach (string text in (string[])["1", "2", "3", "4"])
        {
            var resource = _workshop.Resource("a", text, Lines) with { Destination = _workshop["deep/er/a"] };
            Assert.Empty((await batch.RunAsync([resource], Cancel)).Failures);
        }

        Assert.Equal(["4", "3", "2"], [_workshop.Read("deep/er/a"), _workshop.Read("deep/er/a.1"), _workshop.Read("deep/er/a.2")]);
        Assert.Equal(3, Directory.GetFiles(_workshop["deep/er"]).Length);
    }

    // confd-observed.md 41: the original replaces the link; follow_symlinks writes through it.
    [Theory]
    [InlineData("", true)]
    [InlineData("follow_symlinks = true", false)]
    public async Task A_link_is_replaced_or_followed(string lines, bool isReplaced)
    {
        File.WriteAllText(_workshop["target"], "old");
        File.CreateSymbolicLink(_workshop["a"], _workshop["target"]);

        await _workshop.Batch(_backend).RunAsync([_workshop.Resource("a", "new", lines)], Cancel);

        Assert.Equal("new", _workshop.Read("a"));
        Assert.Equal(isReplaced ? "old" : "new", _workshop.Read("target"));
    }

    [Fact]
    public async Task The_status_file_tells_how_each_resource_fares()
    {
        var settings = _workshop.Settings with { StatusFile = _workshop["status"] };

        await _workshop.Batch(_backend, settings).RunAsync([_workshop.Resource("a", "1"), _workshop.Resource("b", "{{nope}}")], Cancel);

        string status = _workshop.Read("status");
        Assert.Contains("\"updates\": 1", status, StringComparison.Ordinal);
        Assert.Contains("function \\u0022nope\\u0022 not defined", status, StringComparison.Ordinal);
    }

    /// <summary>Gone, or a zombie that nobody has waited for yet.</summary>
    private static bool HasEnded(string state)
    {
        try
        {
            return File.ReadAllText(state).Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
