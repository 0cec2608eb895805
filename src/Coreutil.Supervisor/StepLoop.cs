using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Coreutil.Supervisor;

/// <summary>The one thread of a supervisor: steps are posted from anywhere and carried out one after the other.</summary>
internal sealed class StepLoop
{
    private readonly Channel<Action> _steps = Channel.CreateUnbounded<Action>(new() { SingleReader = true });

    public void Post(Action step) => _steps.Writer.TryWrite(step);

    /// <summary>A step that waits, for whoever carries out all of them within one.</summary>
    public bool TryTake([NotNullWhen(true)] out Action? step) => _steps.Reader.TryRead(out step);

    /// <summary>Carries out steps until <paramref name="cancel"/>. A step that fails ends it: what it left half done is for the next supervisor to find.</summary>
    /// <param name="afterEach">Carried out after every step.</param>
    /// <param name="beside">Runs meanwhile, and ends with it.</param>
    /// <param name="cancel">Ends both.</param>
    public async Task RunAsync(Action afterEach, Func<CancellationToken, Task> beside, CancellationToken cancel)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task other = beside(ending.Token);
        try
        {
            await foreach (var step in _steps.Reader.ReadAllAsync(cancel))
            {
                step();
                afterEach();
            }
        }
        finally
        {
            await ending.CancelAsync();
            await other.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
