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
    private static readonly Option<bool> _version = new("--version", "-v");
    private static readonly Option<bool> _help = new("--help", "-h");

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
        switch (GoFlags.Parse(arguments, name => OneOf(name, _help, _version) ?? GoFlags.Find(root, name)))
        {
            case GoFlagResult.Refused refused:
                return help.IncorrectUsage([root], refused.Message);
            case GoFlagResult.Parsed parsed when IsSet(parsed, _help):
                return help.Show([root]);
            case GoFlagResult.Parsed parsed when IsSet(parsed, _version):
                context.Out.WriteLine($"{programName} version {version}");
                return new CommandLineReading.Answered(ExitCode.Success);
            case GoFlagResult.Parsed parsed:
                return ReadCommand([root], Canonical(parsed), parsed.Words, help);
            default:
                throw new InvalidOperationException("unknown reading");
        }
    }

    /// <summary>The words after <paramref name="path"/>: a subcommand's name, or help.</summary>
    private static CommandLineReading ReadCommand(
        ImmutableArray<Command> path, ImmutableArray<string> canonical, ImmutableArray<string> words, EtcdctlHelp help)
    {
        if (words is [])
        {
            return help.Show(path);
        }

        var rest = words[1..];
        if (words[0] is "help" or "h")
        {
            return ReadHelp(path, rest, help);
        }

        if (Find(path[^1], words[0]) is not { } command)
        {
            return help.NoTopic(words[0]);
        }

        path = [.. path, command];
        canonical = [.. canonical, command.Name];
        bool isGroup = command.Subcommands.Count > 0;
        return GoFlags.Parse(isGroup ? rest : FlagsFirst(rest), name => OneOf(name, _help) ?? GoFlags.Find(command, name)) switch
        {
            GoFlagResult.Refused refused => help.IncorrectUsage(path, refused.Message),
            // A group takes --help and does not care.
            GoFlagResult.Parsed inner when isGroup => ReadCommand(path, canonical, inner.Words, help),
            GoFlagResult.Parsed inner when IsSet(inner, _help) => help.Show(path),
            GoFlagResult.Parsed inner => new CommandLineReading.Canonical([.. canonical, .. Canonical(inner), "--", .. InOrder(command, rest, inner.Words)]),
            _ => throw new InvalidOperationException("unknown reading"),
        };
    }

    /// <summary>The help command: a topic in the form of a command, or else the form of the program.</summary>
    private static CommandLineReading ReadHelp(ImmutableArray<Command> path, ImmutableArray<string> rest, EtcdctlHelp help) =>
        GoFlags.Parse(FlagsFirst(rest), name => OneOf(name, _help)) switch
        {
            GoFlagResult.Refused refused => help.IncorrectHelp(path, refused.Message),
            GoFlagResult.Parsed parsed when IsSet(parsed, _help) || parsed.Words is ["help" or "h", ..] => help.ShowHelpCommand(path),
            GoFlagResult.Parsed { Words: [] } => help.ShowProgram(path),
            GoFlagResult.Parsed { Words: [var topic, ..] } => Find(path[^1], topic) is { } described ? help.ShowCommand([.. path, described]) : help.NoTopic(topic),
            _ => throw new InvalidOperationException("unknown reading"),
        };

    /// <summary>
    /// Words that end in another program's are put back in their order where flags stood among them and no <c>--</c>: the key stays before the program.
    /// </summary>
    private static ImmutableArray<string> InOrder(Command command, ImmutableArray<string> given, ImmutableArray<string> words)
    {
        bool isProgram = command.Arguments.FirstOrDefault()?.HelpName?.EndsWith("[args...]", StringComparison.Ordinal) == true;
        int moved = given.TakeWhile(argument => !argument.StartsWith('-')).Count();
        return isProgram && !given.Contains("--") && moved <= words.Length ? [.. words[^moved..], .. words[..^moved]] : words;
    }

    private static Command? Find(Command parent, string name) => parent.Subcommands.FirstOrDefault(command => command.Name == name);

    private static Option<bool>? OneOf(string name, params ReadOnlySpan<Option<bool>> options)
    {
        foreach (var option in options)
        {
            if (GoFlags.Names(option).Contains(name))
            {
                return option;
            }
        }

        return null;
    }

    private static bool IsSet(GoFlagResult.Parsed parsed, Option<bool> option) => parsed.Flags.LastOrDefault(flag => flag.Option == option).Value == "true";

    /// <summary>A program may declare <c>--strict</c>, an addition to the original; it counts wherever it stands, since it is asked for where reading failed.</summary>
    private static bool IsStrict(Command root, IReadOnlyList<string> arguments) =>
        GoFlags.Find(root, "strict") is not null && arguments.TakeWhile(argument => argument != "--").Any(argument => argument is "--strict" or "-strict");

    /// <summary>Go takes the last of a repeated flag, unless the flag collects them. An empty value stands as a word of its own.</summary>
    private static ImmutableArray<string> Canonical(GoFlagResult.Parsed parsed) =>
    [
        .. parsed.Flags.Where(flag => flag.Option != _help && flag.Option != _version)
            .GroupBy(flag => flag.Option)
            .SelectMany(same => same.Key.ValueType.IsArray ? same.AsEnumerable() : [same.Last()])
            .SelectMany(flag => flag.Value.Length > 0 ? (string[])[flag.Canonical] : [flag.Option.Name, ""]),
    ];
}
