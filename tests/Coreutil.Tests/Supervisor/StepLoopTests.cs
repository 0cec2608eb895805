using Coreutil.Supervisor;

namespace Coreutil.Tests.Supervisor;

public sealed class StepLoopTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Steps_are_carried_out_in_their_order_until_the_end()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var loop = new StepLoop();
        var done = new List<string>();
        loop.Post(() => done.Add("a"));
        loop.Post(() => done.Add("b"));
        loop.Post(ending.Cancel);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.RunAsync(() => done.Add("after"), _ => Task.CompletedTask, ending.Token).WaitAsync(_patience, CancellationToken.None));

        Assert.Equal(["a", "after", "b", "after", "after"], done);
    }

    // Else it would stand still without a word, for what runs beside it never ends by itself.
    [Fact]
    public async Task A_step_that_fails_ends_it_and_what_runs_beside_it()
    {
        var cancel = TestContext.Current.CancellationToken;
        var loop = new StepLoop();
        loop.Post(() => throw new InvalidOperationException("unforeseen"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.RunAsync(() => { }, beside => Task.Delay(Timeout.InfiniteTimeSpan, beside), cancel).WaitAsync(_patience, cancel));
    }
}
