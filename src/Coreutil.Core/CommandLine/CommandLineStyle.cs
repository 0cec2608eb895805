using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Coreutil.Core.Applets;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// How one family of programs reads its argument vector and writes its help. A style turns the vector into a canonical
/// one for System.CommandLine (every option as <c>--name=value</c>, then <c>--</c> and the positional words), or answers by itself.
/// </summary>
public abstract class CommandLineStyle
{
    public static CommandLineStyle Modern { get; } = new ModernStyle();

    /// <summary>Reads <paramref name="arguments"/>, runs the chosen action and returns the exit code.</summary>
    public async Task<int> InvokeAsync(
        Command root, AppletContext context, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        switch (Read(root, context, arguments))
        {
            case CommandLineReading.Answered answered:
                return answered.ExitCode;
            case CommandLineReading.Canonical canonical:
                var parsed = root.Parse(canonical.Arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
                return await RunAsync(parsed, context, cancel);
            default:
                throw new InvalidOperationException("unknown reading");
        }
    }

    protected abstract CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments);

    /// <summary>Runs what was parsed. What the parser still refuses is a usage error of one line.</summary>
    protected virtual async Task<int> RunAsync(ParseResult parsed, AppletContext context, CancellationToken cancel)
    {
        // The last one is the most particular: a missing command is told before the word that was meant as one.
        if (parsed.Errors.Count > 0)
        {
            await context.Error.WriteLineAsync($"{parsed.RootCommandResult.Command.Name}: {parsed.Errors[^1].Message}".AsMemory(), cancel);
            return ExitCode.Usage;
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                // Signals are the business of ProcessContext: it cancels the token and knows the exit codes.
                ProcessTerminationTimeout = null,
            },
            cancel);
    }

    /// <summary>The programs that are ours: System.CommandLine's reading and help.</summary>
    private sealed class ModernStyle : CommandLineStyle
    {
        protected override CommandLineReading Read(Command root, AppletContext context, IReadOnlyList<string> arguments)
        {
            root.Add(new HelpOption());
            root.Add(new VersionOption());
            return new CommandLineReading.Canonical([.. arguments]);
        }

        /// <summary>The parser takes an option it does not know for an argument; it is refused before a unit of that name is looked for.</summary>
        protected override async Task<int> RunAsync(ParseResult parsed, AppletContext context, CancellationToken cancel)
        {
            bool mayBeWords = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
            var words = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value);
            if (!mayBeWords && words.Concat(parsed.UnmatchedTokens).FirstOrDefault(word => word.Length > 1 && word[0] == '-') is { } unknown)
            {
                await context.Error.WriteLineAsync($"{parsed.RootCommandResult.Command.Name}: unrecognized option '{unknown}'".AsMemory(), cancel);
                return ExitCode.Usage;
            }

            return await base.RunAsync(parsed, context, cancel);
        }
    }
}
