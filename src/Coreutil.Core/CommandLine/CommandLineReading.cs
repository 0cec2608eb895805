using System.Collections.Immutable;

namespace Coreutil.Core.CommandLine;

/// <summary>What a style made of an argument vector.</summary>
public abstract record CommandLineReading
{
    private CommandLineReading()
    {
    }

    /// <summary>A vector that System.CommandLine reads without guessing.</summary>
    public sealed record Canonical(ImmutableArray<string> Arguments) : CommandLineReading;

    /// <summary>Help, a version or a usage error was written already; the program ends with this code.</summary>
    public sealed record Answered(int ExitCode) : CommandLineReading;
}
