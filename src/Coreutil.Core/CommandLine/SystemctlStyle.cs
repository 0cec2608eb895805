using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// systemctl's reading: options stand anywhere, short ones may be written together and with their value (<c>-aln5</c>), and what is wrong is said in its
/// words, with exit code 1.
/// </summary>
public sealed class SystemctlStyle : CommandLineStyle
{
    protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
    {
        root.Add(new HelpOption());
        root.Add(new VersionOption());
        var verb = root.Subcommands.FirstOrDefault(command => arguments.Contains(command.Name)) ?? root;
        Option[] options = [.. verb.Options, .. root.Options];
        var canonical = ImmutableArray.CreateBuilder<string>();
        foreach (var (i, argument) in arguments.Index())
        {
            if (argument == "--")
            {
                canonical.AddRange(arguments.Skip(i));
                break;
            }

            if (argument.Length > 2 && argument[0] == '-' && argument[1] != '-')
            {
                AddBundle(canonical, options, argument);
            }
            else
            {
                canonical.Add(argument);
            }
        }

        return new CommandLineReading.Canonical(canonical.ToImmutable());
    }

    protected override async Task<int> RunAsync(ParseResult parsed, AppletContext context, CancellationToken cancel)
    {
        if (Refusal(parsed) is { } refusal)
        {
            await context.Error.WriteLineAsync(refusal.AsMemory(), cancel);
            return ExitCode.Failure;
        }

        return await base.RunAsync(parsed, context, cancel);
    }

    /// <summary>Letters until one that takes a value, which is the rest.</summary>
    private static void AddBundle(ImmutableArray<string>.Builder canonical, Option[] options, string bundle)
    {
        for (int i = 1; i < bundle.Length; i++)
        {
            string name = $"-{bundle[i]}";
            canonical.Add(name);
            if (options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name)) is { } option && option.ValueType != typeof(bool))
            {
                if (i + 1 < bundle.Length)
                {
                    canonical.Add(bundle[(i + 1)..]);
                }

                return;
            }
        }
    }

    private static string? Refusal(ParseResult parsed)
    {
        string name = parsed.RootCommandResult.Command.Name;
        string[] words = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value), .. parsed.UnmatchedTokens];
        bool mayBeWords = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        if (!mayBeWords && words.FirstOrDefault(word => word.Length > 1 && word[0] == '-') is { } unknown)
        {
            return unknown.StartsWith("--", StringComparison.Ordinal)
                ? $"{name}: unrecognized option '{unknown.Split('=')[0]}'"
                : $"{name}: invalid option -- '{unknown[1]}'";
        }

        if (parsed.CommandResult.Command == parsed.RootCommandResult.Command && words.Length > 0)
        {
            return $"Unknown command verb {words[0]}.";
        }

        if (parsed.CommandResult.Command.Arguments is [{ Arity.MinimumNumberOfValues: var least }] && words.Length < least)
        {
            return "Too few arguments.";
        }

        if (parsed.UnmatchedTokens.Count > 0)
        {
            return "Too many arguments.";
        }

        // What is left are options without their value, and values that are no numbers.
        return parsed.Errors.Count > 0 ? $"{name}: {parsed.Errors[^1].Message}" : null;
    }
}
