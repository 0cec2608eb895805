using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Sets every key of a store that etcd 0.4 wrote to a file.</summary>
internal static class ImportCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words(" ");
        var snapshot = new Option<string>("--snap") { Description = "Path to the valid etcd 0.4.x snapshot." };
        var hidden = new Option<string[]>("--hidden") { Description = "Hidden key spaces to import from snapshot", Arity = ArgumentArity.ZeroOrMore };
        var clients = new Option<long>("--c") { Description = "Number of concurrent clients to import the data", HelpName = "10", DefaultValueFactory = _ => 10 };
        var command = new Command("import", "import a snapshot to a cluster") { words, snapshot, hidden, clients };
        command.SetAction((parsed, cancel) => session.TryAsync(
            () =>
            {
                string path = parsed.GetValue(snapshot) ?? "";
                var store = Read(session.Context, path);
                var keys = store.Keys([.. parsed.GetValue(hidden) ?? []], session.Context.Time.GetUtcNow()).ToImmutableArray();
                var request = new Request(path, keys, (int)Math.Clamp(parsed.GetValue(clients), 1, 1000));
                return session.OnKeysUnlimitedAsync(parsed, (api, unlimited) => RunAsync(api, session, parsed, request, unlimited), cancel);
            },
            cancel));
        return command;
    }

    private static async Task<int> RunAsync(IKeysApi keys, EtcdctlSession session, ParseResult parsed, Request request, CancellationToken cancel)
    {
        bool isJson = session.IsJson(parsed);
        if (!isJson)
        {
            await session.Context.Out.WriteLineAsync($"starting to import snapshot {request.Path} with {request.Clients} clients");
        }

        await Parallel.ForEachAsync(
            request.Keys,
            new ParallelOptions { MaxDegreeOfParallelism = request.Clients, CancellationToken = cancel },
            async (key, limit) => await keys.SetAsync(key.Key, key.Value, new SetOptions(key.Ttl), limit));
        session.Answer(parsed, $"finished importing {request.Keys.Length} keys\n", writer => writer.WriteNumber("imported"u8, request.Keys.Length));
        return ExitCode.Success;
    }

    private static OldSnapshot Read(AppletContext context, string path)
    {
        if (path.Length == 0)
        {
            context.Out.WriteLine("no snapshot file provided (use --snap)");
            throw new EtcdctlFailure("", EtcdctlExit.BadArguments);
        }

        try
        {
            return OldSnapshot.Parse(File.ReadAllBytes(path));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            context.Out.WriteLine($"cannot read snapshot file {path}");
            throw new EtcdctlFailure("", EtcdctlExit.BadArguments);
        }
        catch (Exception failure) when (failure is JsonException or FormatException)
        {
            throw EtcdctlFailure.BadArguments($"etcdctl: {path} is no snapshot of etcd 0.4: {failure.Message}");
        }
    }

    private sealed record Request(string Path, ImmutableArray<OldSnapshot.Entry> Keys, int Clients);
}
