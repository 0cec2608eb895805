using System.Collections.Immutable;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
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

    public static string[] NoWords(string[] words) => words.Length == 0 ? words : throw EtcdctlFailure.BadArguments("No arguments accepted");

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

    /// <summary>Runs a command on whole trees: a reply may take a minute where --timeout does not say otherwise.</summary>
    public Task<int> OnTreeAsync(ParseResult parsed, Func<IKeysApi, CancellationToken, Task<int>> run, CancellationToken cancel) => TryAsync(
        async () =>
        {
            using var client = await Connection(parsed).OpenAsync(cancel, parsed.GetResult(Options.Timeout) is { Implicit: false } ? null : TimeSpan.FromMinutes(1));
            return await run(new KeysApi(client), cancel);
        },
        cancel);

    /// <summary>Runs a command on the members; a refusal is its bare message and exit code 1. Its words are checked before anything is asked for.</summary>
    public Task<int> OnMembersAsync<T>(ParseResult parsed, Func<T> words, Func<MembersApi, T, CancellationToken, Task<int>> run, CancellationToken cancel) =>
        OnBareAsync(parsed, words, (client, given, limit) => run(new MembersApi(client), given, limit), cancel);

    /// <summary>Runs a command on users, roles and authentication, with refusals as of the members.</summary>
    public Task<int> OnAuthAsync<T>(ParseResult parsed, Func<T> words, Func<AuthApi, T, CancellationToken, Task<int>> run, CancellationToken cancel) =>
        OnBareAsync(
            parsed,
            words,
            (client, given, limit) =>
            {
                Connection(parsed).WriteEndpoints(client.Endpoints);
                return run(new AuthApi(client), given, limit);
            },
            cancel);

    /// <summary>Says how a command ended: in the original's text, or as the fields of one JSON object.</summary>
    public void Answer(ParseResult parsed, string text, Action<Utf8JsonWriter> fields) => context.Out.Write(!IsJson(parsed) ? text : Encoding.UTF8.GetString(EtcdJson.Write(
        writer =>
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        },
        endsLine: true)));

    public void AnswerChange(ParseResult parsed, string text, string action, string kind, string name) => Answer(parsed, text + "\n", writer =>
    {
        writer.WriteString("action"u8, action);
        writer.WriteString(kind, name);
    });

    public static void WriteList(Utf8JsonWriter writer, string name, ImmutableArray<string> items) => Member.WriteUrls(writer, name, items);

    /// <summary>Where the original prints something else or nothing whatever -o says (ls, directories), JSON has to be asked for twice.</summary>
    public bool IsStrictJson(ParseResult parsed) => IsJson(parsed) && parsed.GetValue(Options.Strict);

    public bool IsJson(ParseResult parsed) => parsed.GetValue(Options.Output) == KeyPrinter.Json;

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
        catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
        {
            return await FailAsync("Error:  context deadline exceeded\n", late is SyncCanceledException ? EtcdctlExit.BadConnection : EtcdctlExit.ServerError);
        }
    }

    private Task<int> OnBareAsync<T>(ParseResult parsed, Func<T> words, Func<EtcdHttpClient, T, CancellationToken, Task<int>> run, CancellationToken cancel) => TryAsync(
        () =>
        {
            var given = words();
            return WithinTotalTimeoutAsync(
                parsed,
                limit => OnClientAsync(
                    parsed,
                    async (client, inner) =>
                    {
                        try
                        {
                            return await run(client, given, inner);
                        }
                        catch (EtcdUnavailableException)
                        {
                            throw EtcdctlFailure.BadArguments(EtcdUnavailableException.Summary);
                        }
                    },
                    limit,
                    limit),
                cancel);
        },
        cancel);

    private async Task<int> OnClientAsync(
        ParseResult parsed, Func<EtcdHttpClient, CancellationToken, Task<int>> run, CancellationToken connecting, CancellationToken running)
    {
        using var client = await Connection(parsed).OpenAsync(connecting);
        return await run(client, running);
    }

    private async Task<int> WithinTotalTimeoutAsync(ParseResult parsed, Func<CancellationToken, Task<int>> run, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var timeout = parsed.GetValue(Options.TotalTimeout);
        if (timeout > TimeSpan.Zero)
        {
            limit.CancelAfter(timeout);
        }
        else
        {
            await limit.CancelAsync();
        }

        return await run(limit.Token);
    }

    private async Task<int> FailAsync(string text, int exitCode)
    {
        await context.Error.WriteAsync(text);
        return exitCode;
    }
}
