using Coreutil.Confd;
using Coreutil.Confd.Resources;
using Coreutil.Confd.Watching;

namespace Coreutil.Tests.Confd.Watching;

public sealed class WatchSessionTests : IDisposable
{
    private readonly Workshop _workshop = new();
    private readonly CancellationTokenSource _stopping = new();

    public void Dispose()
    {
        _workshop.Dispose();
        _stopping.Dispose();
    }

    // confd-observed.md 8 and 10: the original lost what came while it was busy.
    [Fact]
    public async Task A_change_during_a_slow_reload_is_rendered_after_it()
    {
        using var backend = new ScriptedBackend();
        backend.Set("/k", "1");
        var session = Start(backend, null, _workshop.Resource("a", "{{getv \"/k\"}}", $"reload_cmd = \"echo r >> {_workshop["reloads"]}; sleep 0.3\""));

        await _workshop.UntilAsync("reloads", text => text.Length > 0);
        backend.Set("/k", "2");
        await _workshop.UntilAsync("a", text => text == "2");

        await EndAsync(session);
    }

    // Issue 6, Show: ten reloads at most by default, two with wait.
    [Theory]
    [InlineData(null, 10)]
    [InlineData("300ms:10s", 2)]
    public async Task A_burst_converges_with_few_reloads(string? wait, int mostReloads)
    {
        using var backend = new ScriptedBackend();
        backend.Set("/k", "0");
        var session = Start(backend, wait, _workshop.Resource("a", "{{getv \"/k\"}}", $"reload_cmd = \"echo r >> {_workshop["reloads"]}\""));
        await _workshop.UntilAsync("reloads", text => text.Length > 0);

        for (int i = 1; i <= 300; i++)
        {
            backend.Set("/k", $"{i}");
        }

        await _workshop.UntilAsync("a", text => text == "300");
        await EndAsync(session);
        Assert.InRange(_workshop.Read("reloads").Count(c => c == 'r'), 2, mostReloads);
    }

    // Issue 6, part 6: one bad resource never stops the others, and one broken watch neither.
    [Fact]
    public async Task What_nobody_foresaw_is_told_and_begun_anew()
    {
        using var backend = new ScriptedBackend { FailuresToCome = 1 };
        var session = Start(backend, null, _workshop.Resource("a", "{{nope}}"), _workshop.Resource("b", "1"));

        await _workshop.UntilAsync("b", text => text == "1");

        Assert.Contains("watch of /: nobody foresaw this", _workshop.Log);
        await EndAsync(session);
    }

    [Fact]
    public async Task A_failed_reload_is_tried_again_without_any_change()
    {
        using var backend = new ScriptedBackend();
        var session = Start(
            backend, null, _workshop.Resource("a", "1", $"reload_cmd = \"test -e {_workshop["tried"]} && echo r > {_workshop["done"]}; touch {_workshop["tried"]}; test -e {_workshop["done"]}\""));

        await _workshop.UntilAsync("done", text => text == "r\n");

        await EndAsync(session);
    }

    [Fact]
    public async Task An_edited_template_is_rendered_without_any_change_of_keys()
    {
        using var backend = new ScriptedBackend();
        var resource = _workshop.Resource("a", "1");
        var session = new WatchSession([resource], backend, _workshop.Batch(backend), null, _workshop, TimeProvider.System, () => { });
        var running = session.RunAsync(_stopping.Token, CancellationToken.None);
        await _workshop.UntilAsync("a", text => text == "1");

        File.WriteAllText(resource.TemplatePath, "2");
        session.Touch();

        await _workshop.UntilAsync("a", text => text == "2");
        await EndAsync(running);
    }

    // Issue 6, part 6: edits of conf.d are picked up; a bad one leaves all as it was.
    [Fact]
    public async Task A_resource_added_to_conf_d_is_rendered_and_a_bad_one_stops_nothing()
    {
        _workshop.Resource("a", "{{getenv \"X\" \"1\"}}");
        using var processor = new ConfdProcessor(_workshop.Settings with { Backend = "env", IsWatching = true }, _workshop, TimeProvider.System);
        var running = processor.RunAsync(_stopping.Token);
        await _workshop.UntilAsync("a", text => text == "1");

        File.WriteAllText(_workshop["conf.d/bad.toml"], "[template");
        _workshop.Resource("b", "2");
        await _workshop.UntilAsync("b", text => text == "2");
        File.WriteAllText(_workshop["templates/a.tmpl"], "3");
        await _workshop.UntilAsync("a", text => text == "3");

        await _stopping.CancelAsync();
        Assert.Equal(0, await running);
    }

    private Task Start(ScriptedBackend backend, string? wait, params ResourceFile[] resources) =>
        new WatchSession(
            [.. resources], backend, _workshop.Batch(backend), wait is null ? null : WaitTimes.Parse(wait), _workshop, TimeProvider.System, () => { })
            .RunAsync(_stopping.Token, CancellationToken.None);

    private async Task EndAsync(Task session)
    {
        await _stopping.CancelAsync();
        await session;
    }
}
