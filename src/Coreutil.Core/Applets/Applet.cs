using System.CommandLine;
using Coreutil.Core.CommandLine;

namespace Coreutil.Core.Applets;

/// <summary>One program of the binary: its name, its page in the manual and the symbols of its command line.</summary>
public sealed record Applet
{
    public required string Name { get; init; }

    /// <summary>One line for the list of applets.</summary>
    public required string Summary { get; init; }

    public required int ManSection { get; init; }

    /// <summary>Declares options, arguments and actions; called only when this applet is the one to run.</summary>
    public required Func<AppletContext, Command> CreateCommand { get; init; }

    /// <summary>How the vector is read and help is written. Historic programs have their original's style.</summary>
    public CommandLineStyle Style { get; init; } = CommandLineStyle.Modern;

    /// <summary>True for the programs that <c>coreutil --install</c> links.</summary>
    public bool IsInstalled { get; init; }

    /// <summary>True for applets that only other applets start; they are in no list.</summary>
    public bool IsHidden { get; init; }
}
