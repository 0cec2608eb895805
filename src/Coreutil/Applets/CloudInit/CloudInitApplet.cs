using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.CloudInit;

/// <summary>Declared so that its link is made by <c>--install</c>; the program itself is not built yet and says so.</summary>
internal static class CloudInitApplet
{
    public static Applet Declaration { get; } = new()
    {
        Name = "coreos-cloudinit",
        Summary = "apply a cloud-config file to this machine (not built yet)",
        ManSection = 8,
        CreateCommand = CreateCommand,
        IsInstalled = true,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var root = new Command(Declaration.Name, Declaration.Summary) { TreatUnmatchedTokensAsErrors = false };
        root.SetAction(_ =>
        {
            context.Error.WriteLine("coreos-cloudinit: not built yet");
            return ExitCode.Failure;
        });
        return root;
    }
}
