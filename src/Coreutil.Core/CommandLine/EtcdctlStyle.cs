using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// etcdctl 2's command line: Go's flags before and after the words, usage errors and unknown commands on stdout with exit code 0.
/// An option's HelpName is the default that help shows; an argument's is the usage line's.
/// </summary>
/// <param name="programName">The name in help's first line.</param>
/// <param name="version">What <c>--version</c> and help say.</param>
public sealed class EtcdctlStyle(string programName, string version) : CommandLineStyle
{
    private static readonly Option<bool> _version = new("--version", "-v") { Description = "print the version" };

    /// <summary>
    /// The original's order of reading: everything from the first flag up to <c>--</c> moves before the words that precede it, so that flags may
    /// follow the key. From <c>--</c> on nothing moves, and a <c>--</c> after a word stays a word.
    /// </summary>
    public static ImmutableArray<string> FlagsFirst(IReadOnlyList<string> arguments)
    {
        int terminator = arguments.TakeWhile(argument => argument != "--").Count();
        int firstFlag = arguments.Take(terminator).TakeWhile(argument => !argument.StartsWith('-')).Count();
        return [.. arguments.Take(terminator).Skip(firstFlag), .. arguments.Take(firstFlag), .. arguments.Skip(terminator)];
    }

    protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
    {
        var help = new EtcdctlHelp(programName, version, context, IsStrict(root, arguments));
        switch (GoFlags.Parse(arguments, name => GoFlags.Names(_version).Contains(name) ? _version : GoFlags.Find(root, name)))
        {
            case GoFlagResult.Refused refused:
                return help.IncorrectUsage([root], refused.Message);
            case GoFlagResult.HelpRequested:
                return help.Show([root]);
            case GoFlagResult.Parsed parsed when parsed.Flags.Any(flag => flag.Option == _version && flag.Value == "true"):
                context.Out.WriteLine($"{programName} version {version}");
                return new CommandLineReading.Answered(ExitCode.Success);
            case GoFlagResult.Parsed parsed:
                return ReadCommand([root], Canonical(parsed.Flags.Where(flag => flag.Option != _version)), parsed.Words, help);
            default:
                throw new InvalidOperationException("unknown reading");
        }
    }

    /// <summary>The words after <paramref name="path"/>: a subcommand's name, or help.</summary>
    private static CommandLineReading ReadCommand(
        ImmutableArray<Command> path, ImmutableArray<string> canonical, ImmutableArray<string> words, EtcdctlHelp help)
    {
        switch (words)
        {
            case [] or ["help" or "h"]:
                return help.Show(path);
            case ["help" or "h", var topic, ..]:
                return Find(path[^1], topic) is { } described ? help.Show([.. path, described]) : help.NoTopic(topic);
        }

        if (Find(path[^1], words[0]) is not { } command)
        {
            return help.NoTopic(words[0]);
        }

        path = [.. path, command];
        canonical = [.. canonical, command.Name];
        var rest = words[1..];
        return GoFlags.Parse(command.Subcommands.Count > 0 ? rest : FlagsFirst(rest), name => GoFlags.Find(command, name)) switch
        {
            GoFlagResult.HelpRequested => help.Show(path),
            GoFlagResult.Parsed inner when command.Subcommands.Count > 0 => ReadCommand(path, canonical, inner.Words, help),
            GoFlagResult.Parsed inner => new CommandLineReading.Canonical([.. canonical, .. Canonical(inner.Flags), "--", .. inner.Words]),
            GoFlagResult.Refused refused => help.IncorrectUsage(path, refused.Message),
            _ => throw new InvalidOperationException("unknown reading"),
        };
    }

    private static Command? Find(Command parent, string name) => parent.Subcommands.FirstOrDefault(command => command.Name == name);

    /// <summary>A program may declare <c>--strict</c>, an addition to the original; it counts wherever it stands, since it is asked for where reading failed.</summary>
    private static bool IsStrict(Command root, IReadOnlyList<string> arguments) =>
        GoFlags.Find(root, "strict") is not null && arguments.TakeWhile(argument => argument != "--").Any(argument => argument is "--strict" or "-strict");

    /// <summary>Go takes the last of a repeated flag, unless the flag collects them. An empty value is as good as none to every command.</summary>
    private static ImmutableArray<string> Canonical(IEnumerable<GoFlagValue> flags) =>
    [
        .. flags.GroupBy(flag => flag.Option)
            .SelectMany(same => same.Key.ValueType == typeof(string[]) ? same.AsEnumerable() : [same.Last()])
            .Where(flag => flag.Value.Length > 0)
            .Select(flag => flag.Canonical),
    ];
}
