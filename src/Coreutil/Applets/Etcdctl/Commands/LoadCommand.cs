using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Sets the keys that <c>dump</c> wrote. Ours: the original has no such command.</summary>
internal static class LoadCommand
{
    /// <summary>So many keys are under way at once; the order among them does not matter, but a directory comes before them.</summary>
    private const int Clients = 16;
    private const int Batch = 256;

    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("[file]");
        var command = new Command("load", "set the keys of a dump, from a file or stdin; keys that are not in it stay") { words };
        command.Hidden = true;
        command.SetAction((parsed, cancel) => session.OnTreeAsync(
            parsed,
            async (keys, unlimited) =>
            {
                using var input = Open(session.Context, parsed.GetRequiredValue(words));
                long loaded = await RunAsync(keys, input, new LoadProgress(session.Context, input.BaseStreamLength), unlimited);
                session.Answer(parsed, "", writer => writer.WriteNumber("loaded"u8, loaded));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    internal static async Task<long> RunAsync(IKeysApi keys, DumpReader input, LoadProgress progress, CancellationToken cancel)
    {
        var pending = new List<TreeRecord>();
        long loaded = 0;
        while (await NextAsync(input, cancel) is { } record)
        {
            if (record.IsDirectory || pending.Count == Batch)
            {
                await SetAsync(keys, pending, cancel);
            }

            if (record.IsDirectory)
            {
                await SetDirectoryAsync(keys, record, cancel);
            }
            else
            {
                pending.Add(record);
            }

            progress.Show(++loaded, input.Position);
        }

        await SetAsync(keys, pending, cancel);
        progress.End(loaded);
        return loaded;
    }

    private static async Task<TreeRecord?> NextAsync(DumpReader input, CancellationToken cancel)
    {
        try
        {
            return await input.ReadAsync(cancel) is { } line ? TreeRecord.Parse(line, input.LineNumber) : null;
        }
        catch (FormatException malformed)
        {
            throw EtcdctlFailure.BadArguments($"etcdctl: {malformed.Message}; the lines before it are loaded");
        }
    }

    private static async Task SetAsync(IKeysApi keys, List<TreeRecord> pending, CancellationToken cancel)
    {
        await Parallel.ForEachAsync(
            pending,
            new ParallelOptions { MaxDegreeOfParallelism = Clients, CancellationToken = cancel },
            async (record, limit) => await keys.SetAsync(record.Key, record.Value, new SetOptions(record.Ttl), limit));
        pending.Clear();
    }

    /// <summary>A directory that is there already takes on the TTL; it keeps what is in it.</summary>
    private static async Task SetDirectoryAsync(IKeysApi keys, TreeRecord record, CancellationToken cancel)
    {
        try
        {
            await keys.SetAsync(record.Key, null, new SetOptions(record.Ttl, PrevExist: false, IsDirectory: true), cancel);
        }
        catch (EtcdException refused) when (refused.Error.Code == EtcdErrorCode.NodeExist)
        {
            await keys.SetAsync(record.Key, null, new SetOptions(record.Ttl, PrevExist: true, IsDirectory: true), cancel);
        }
    }

    private static DumpReader Open(AppletContext context, string[] words)
    {
        try
        {
            return words is [var path, ..] and not ["-", ..] ? DumpReader.OfFile(path) : DumpReader.Of(context.In);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw EtcdctlFailure.BadArguments($"etcdctl: {failure.Message}");
        }
    }
}
