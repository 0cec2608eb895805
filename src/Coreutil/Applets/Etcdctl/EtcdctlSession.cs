using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl;

/// <summary>What all commands share: the options before them, the connection, and how a failure becomes text and exit code.</summary>
internal sealed class EtcdctlSession(AppletContext context)
{
    public AppletContext Context => context;

    public EtcdctlOptions Options { get; } = new();

    /// <summary>A command's words. The original checks them after it has connected, and ignores what is too much.</summary>
    public static Argument<string[]> Words(string usage) => new("words") { HelpName = usage, Arity = ArgumentArity.ZeroOrMore };

    public static string Key(string[] words) => words is [var key, ..] ? key : throw EtcdctlFailure.Error("key required", EtcdctlExit.BadArguments);

    /// <summary>The second word, or all of stdin; an empty word is a value, an empty stdin is none.</summary>
    public async Task<string> ValueAsync(string[] words, CancellationToken cancel)
    {
        string value = words.Length > 1 ? words[1] : await context.In.ReadToEndAsync(cancel);
        return words.Length > 1 || value.Length > 0 ? value : throw EtcdctlFailure.Error("value required", EtcdctlExit.BadArguments);
    }

    public KeyPrinter Printer(ParseResult parsed) => new(context, parsed.GetRequiredValue(Options.Output));

    public EtcdctlConnection Connection(ParseResult parsed) => new(context, Options, parsed);

    /// <summary>Runs a command on the key space, within --total-timeout.</summary>
    public Task<int> OnKeysAsync(ParseResult parsed, Func<IKeysApi, CancellationToken, Task<int>> run, CancellationToken cancel) =>
        TryAsync(() => WithinTotalTimeoutAsync(parsed, async limit => await OnClientAsync(parsed, (client, inner) => run(new KeysApi(client), inner), limit, limit), cancel), cancel);

    /// <summary>Runs a command on the key space for as long as it takes: watches. Only connecting is limited.</summary>
    public Task<int> OnKeysUnlimitedAsync(ParseResult parsed, Func<IKeysApi, CancellationToken, Task<int>> run, CancellationToken cancel) =>
        TryAsync(() => WithinTotalTimeoutAsync(parsed, limit => OnClientAsync(parsed, (client, inner) => run(new KeysApi(client), inner), limit, cancel), cancel), cancel);

    /// <summary>Runs a command on the members; a refusal is its bare message and exit code 1.</summary>
    public Task<int> OnMembersAsync(ParseResult parsed, Func<MembersApi, CancellationToken, Task<int>> run, CancellationToken cancel) =>
        TryAsync(
            () => WithinTotalTimeoutAsync(parsed, limit => OnClientAsync(parsed, (client, inner) => run(new MembersApi(client), inner), limit, limit), cancel),
            cancel);

    /// <summary>The boundary: whatever the cluster, the network or the user did wrong becomes the original's text and exit code.</summary>
    public async Task<int> TryAsync(Func<Task<int>> run, CancellationToken cancel)
    {
        try
        {
            return await run();
        }
        catch (EtcdctlFailure failure)
        {
            return await FailAsync(failure.Message, failure.ExitCode);
        }
        catch (EtcdApiException refused)
        {
            return await FailAsync(refused.Message + "\n", EtcdctlExit.BadArguments);
        }
        catch (EtcdUnavailableException unreachable)
        {
            return await FailAsync(EtcdctlConnection.Text(unreachable), EtcdctlExit.ServerError);
        }
        catch (Exception refused) when (refused is EtcdException or EtcdProtocolException)
        {
            return await FailAsync($"Error:  {refused.Message}\n", EtcdctlExit.ServerError);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return await FailAsync("Error:  context deadline exceeded\n", EtcdctlExit.ServerError);
        }
    }

    private async Task<int> OnClientAsync(
        ParseResult parsed, Func<EtcdHttpClient, CancellationToken, Task<int>> run, CancellationToken connecting, CancellationToken running)
    {
        using var client = await Connection(parsed).OpenAsync(connecting);
        return await run(client, running);
    }

    private async Task<int> WithinTotalTimeoutAsync(ParseResult parsed, Func<CancellationToken, Task<int>> run, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(parsed.GetValue(Options.TotalTimeout));
        return await run(limit.Token);
    }

    private async Task<int> FailAsync(string text, int exitCode)
    {
        await context.Error.WriteAsync(text);
        return exitCode;
    }
}
