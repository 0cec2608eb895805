using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Applets.UnitExecutor;

/// <summary>Hidden: unitd starts every command of a unit through it.</summary>
internal static class UnitExecutorApplet
{
    public const string Name = "unit-executor";

    public static Applet Declaration { get; } = new()
    {
        Name = Name,
        Summary = "applies a unit's settings to itself and becomes the unit's command",
        ManSection = 8,
        CreateCommand = CreateCommand,
        IsHidden = true,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var root = new Command(Declaration.Name, Declaration.Summary);
        root.SetAction(_ => Executor.Run(context.Error));
        return root;
    }
}
