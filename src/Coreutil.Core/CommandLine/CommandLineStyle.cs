using System.CommandLine;
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
        RootCommand root, AppletContext context, IReadOnlyList<string> arguments, CancellationToken cancel)
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

    protected abstract CommandLineReading Read(RootCommand root, AppletContext context, IReadOnlyList<string> arguments);

    /// <summary>Runs what was parsed. What the parser still refuses is a usage error of one line.</summary>
    protected virtual async Task<int> RunAsync(ParseResult parsed, AppletContext context, CancellationToken cancel)
    {
        if (parsed.Errors.Count > 0)
        {
            await context.Error.WriteLineAsync($"{parsed.RootCommandResult.Command.Name}: {parsed.Errors[0].Message}".AsMemory(), cancel);
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

    private sealed class ModernStyle : CommandLineStyle
    {
        protected override CommandLineReading Read(RootCommand root, AppletContext context, IReadOnlyList<string> arguments) =>
            new CommandLineReading.Canonical([.. arguments]);
    }
}
