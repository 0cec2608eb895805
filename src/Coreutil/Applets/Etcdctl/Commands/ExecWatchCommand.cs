using System.Collections.Immutable;
using System.CommandLine;
using System.Runtime.ExceptionServices;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Runs a program for every change of a key: no event is lost to a pause between two polls, a busy history or a restart of the server.</summary>
internal static class ExecWatchCommand
{
    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key> <command> [args...]");
        var after = WatchCommand.AfterOption();
        var recursive = new Option<bool>("--recursive") { Description = "watch all values for key and child keys" };
        var command = new Command("exec-watch", "watch a key for changes and exec an executable") { words, after, recursive };
        command.SetAction((parsed, cancel) => session.OnKeysUnlimitedAsync(
            parsed,
            async (keys, unlimited) =>
            {
                var (key, program) = Split(parsed.GetRequiredValue(words));
                await using var programs = new WatchPrograms(program, session.Context);
                var changes = new EventStream(keys, session.Context.Time)
                    .FollowAsync(key, parsed.GetValue(recursive), WatchCommand.FirstIndex(parsed.GetValue(after)), unlimited);
                return await RunAsync(changes, programs, session.Context);
            },
            cancel));
        return command;
    }

    /// <summary>The key, then the program; the dashes between them may be missing.</summary>
    internal static (string Key, ImmutableArray<string> Program) Split(string[] words) => words switch
    {
        [var key, "--", _, ..] => (key, [.. words[2..]]),
        [var key, not "--", ..] => (key, [.. words[1..]]),
        _ => throw EtcdctlFailure.Error("key and command to exec required", EtcdctlExit.BadArguments),
    };

    private static async Task<int> RunAsync(IAsyncEnumerable<KeyChange> changes, WatchPrograms programs, AppletContext context)
    {
        bool isFirst = true;
        await foreach (var change in changes)
        {
            switch (change)
            {
                case KeyChange.Happened { Event.Node: { IsDirectory: true } directory }:
                    // Without a line end, as the original.
                    await context.Error.WriteAsync($"Ignored dir {directory.Key} change");
                    break;
                case KeyChange.Happened happened:
                    programs.Start(happened.Event);
                    break;
                case KeyChange.Listed listed:
                    await context.Error.WriteLineAsync(
                        $"exec-watch: the server no longer keeps the events since the last one seen; going on from index {listed.Index} with what has changed");
                    break;
                // A server that never answered is told and left, as by every other command.
                case KeyChange.Interrupted { Cause: EtcdUnavailableException { BegunIndex: 0 } unreachable } when isFirst:
                    ExceptionDispatchInfo.Throw(unreachable);
                    break;
                case KeyChange.Interrupted interrupted:
                    await context.Error.WriteLineAsync($"exec-watch: {interrupted.Cause.Message}; trying again");
                    break;
                default:
                    throw new InvalidOperationException("unknown change");
            }

            isFirst = false;
        }

        return ExitCode.Success;
    }
}
