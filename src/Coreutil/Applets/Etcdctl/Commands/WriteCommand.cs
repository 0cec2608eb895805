using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>set and update: a value for a key, under the conditions of the options.</summary>
internal static class WriteCommand
{
    /// <summary>292 years, the longest time of Go: what is longer would have run out before it began.</summary>
    private const long LongestTtl = long.MaxValue / 1_000_000_000;

    private const string SetHelp =
        """
        set the value of a key
        Set sets the value of a key.

        When <value> begins with '-', <value> is interpreted as a flag.
        Insert '--' for workaround:

        $ set -- <key> <value>
        """;

    public static Command CreateSet(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key> <value>");
        var ttl = TtlOption();
        var previousValue = new Option<string>("--swap-with-value") { Description = "previous value" };
        var previousIndex = new Option<long>("--swap-with-index") { Description = "previous index", HelpName = "0" };
        var command = new Command("set", SetHelp) { words, ttl, previousValue, previousIndex };
        command.SetAction((parsed, cancel) => RunAsync(
            session,
            parsed,
            words,
            new(
                Ttl(parsed.GetValue(ttl)),
                PrevValue: parsed.GetValue(previousValue) is { Length: > 0 } value ? value : null,
                PrevIndex: unchecked((ulong)parsed.GetValue(previousIndex))),
            cancel));
        return command;
    }

    public static Command CreateUpdate(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<key> <value>");
        var ttl = TtlOption();
        var command = new Command("update", "update an existing key with a given value") { words, ttl };
        command.SetAction((parsed, cancel) => RunAsync(session, parsed, words, new(Ttl(parsed.GetValue(ttl)), PrevExist: true), cancel));
        return command;
    }

    public static Option<long> TtlOption() => new("--ttl") { Description = "key time-to-live", HelpName = "0" };

    /// <summary>Zero is how etcdctl spells "never expires"; the wire has no such value.</summary>
    public static TimeSpan? Ttl(long seconds) => seconds <= 0 ? null : TimeSpan.FromSeconds(Math.Min(seconds, LongestTtl));

    internal static async Task<int> RunAsync(IKeysApi keys, KeyPrinter printer, Request request, CancellationToken cancel)
    {
        printer.Print(await keys.SetAsync(request.Key, request.Value, request.Options, cancel));
        return ExitCode.Success;
    }

    private static Task<int> RunAsync(EtcdctlSession session, ParseResult parsed, Argument<string[]> argument, SetOptions options, CancellationToken cancel) =>
        session.OnKeysAsync(
            parsed,
            async (keys, limit) =>
            {
                string[] words = parsed.GetRequiredValue(argument);
                var request = new Request(EtcdctlSession.Key(words), await session.ValueAsync(words, limit), options);
                return await RunAsync(keys, session.Printer(parsed), request, limit);
            },
            cancel);

    internal sealed record Request(string Key, string Value, SetOptions Options);
}
