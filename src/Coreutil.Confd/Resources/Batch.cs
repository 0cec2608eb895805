using System.Collections.Immutable;
using Coreutil.Confd.Templates;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd.Resources;

/// <summary>A resource that failed, with the line that was logged.</summary>
internal sealed record ResourceFailure(ResourceFile Resource, string Message, bool MayPass);

/// <summary>What a batch came to; <see cref="HasPending"/> in a dry run: something would change.</summary>
internal sealed record BatchResult(ImmutableArray<ResourceFailure> Failures, bool HasPending);

/// <summary>
/// Runs resources in the order of their paths; none stops the others. The same reload_cmd runs once, after the last resource that has it. One that
/// failed stays due, for the files are in place already and would not ask for it again.
/// </summary>
internal sealed class Batch(ResourceRun run, ConfdSettings settings, ILogger log, StatusBoard status)
{
    private readonly HashSet<string> _due = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public async Task<BatchResult> RunAsync(IReadOnlyList<ResourceFile> resources, CancellationToken cancel)
    {
        var failures = ImmutableArray.CreateBuilder<ResourceFailure>();
        var replaced = new List<ResourceFile>();
        bool hasPending = false;
        for (int i = 0; i < resources.Count; i++)
        {
            var resource = resources[i];
            var (outcome, failure) = await TryAsync(resource, cancel);
            status.Ran(resource, outcome, failure?.Message);
            if (failure is not null)
            {
                failures.Add(failure);
            }

            hasPending |= outcome == RunOutcome.Pending;
            if (outcome == RunOutcome.Replaced)
            {
                replaced.Add(resource);
            }

            if (!resources.Skip(i + 1).Any(later => later.ReloadCommand == resource.ReloadCommand && resource.ReloadCommand.Length > 0))
            {
                failures.AddRange(await FinishAsync(
                    [.. replaced.Where(done => done.ReloadCommand == resource.ReloadCommand)],
                    [.. resources.Where(other => other.ReloadCommand == resource.ReloadCommand)],
                    cancel));
                replaced.RemoveAll(done => done.ReloadCommand == resource.ReloadCommand);
            }
        }

        status.Save();
        return new BatchResult(failures.ToImmutable(), hasPending);
    }

    /// <summary>The reload of what was replaced, and of what an earlier batch left due.</summary>
    private async Task<ImmutableArray<ResourceFailure>> FinishAsync(
        ImmutableArray<ResourceFile> replaced, ImmutableArray<ResourceFile> sharing, CancellationToken cancel)
    {
        string command = sharing[0].ReloadCommand;
        bool isDue = !settings.IsSyncOnly && !settings.IsDryRun && command.Length > 0 && (!replaced.IsEmpty || IsDue(command));
        if (isDue)
        {
            string? failure = await TryReloadAsync(command, sharing.Max(resource => resource.CommandTimeout), cancel);
            status.Reloaded(command, failure);
            Remember(command, isDue: failure is not null);
            if (failure is not null)
            {
                log.Failed(failure);
                return [.. sharing.Select(resource => new ResourceFailure(resource, failure, MayPass: false))];
            }
        }

        foreach (var resource in replaced)
        {
            log.Updated(resource.Destination);
        }

        return [];
    }

    private async Task<(RunOutcome Outcome, ResourceFailure? Failure)> TryAsync(ResourceFile resource, CancellationToken cancel)
    {
        try
        {
            return (await run.RunAsync(resource, cancel), null);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // The boundary of a resource: whatever goes wrong with it, the others go on.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            string message = Describe(failure, resource);
            log.Failed(message);
            bool mayPass = failure is ConfdException { MayPass: true } or TemplateException { InnerException: FunctionException { IsMissingKey: true } };
            return (RunOutcome.InSync, new ResourceFailure(resource, message, mayPass));
        }
    }

    private async Task<string?> TryReloadAsync(string command, TimeSpan? timeout, CancellationToken cancel)
    {
        try
        {
            return await run.ReloadAsync(command, timeout, cancel);
        }
        catch (ConfdException failure)
        {
            return failure.Message;
        }
    }

    /// <summary>What was foreseen has its whole line; anything else must at least say which resource it befell.</summary>
    private static string Describe(Exception failure, ResourceFile resource) =>
        failure is ConfdException or TemplateException ? failure.Message : $"{resource.Path}: {failure.Message}";

    private bool IsDue(string command)
    {
        lock (_gate)
        {
            return _due.Contains(command);
        }
    }

    private void Remember(string command, bool isDue)
    {
        lock (_gate)
        {
            _ = isDue ? _due.Add(command) : _due.Remove(command);
        }
    }
}
