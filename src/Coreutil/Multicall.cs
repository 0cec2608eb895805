using System.Collections.Immutable;
using Coreutil.Core.Applets;

namespace Coreutil;

/// <summary>Chooses the applet by the name the program was called by, else by its first argument; answers for <c>coreutil</c> itself.</summary>
internal static class Multicall
{
    public const string ProgramName = "coreutil";

    public static string Version => typeof(Multicall).Assembly.GetName().Version?.ToString(3) ?? "0";

    public static async Task<int> RunAsync(
        ImmutableArray<Applet> applets, AppletContext context, string[] commandLine, CancellationToken cancel)
    {
        string[] arguments = commandLine[1..];
        // A login shell is called with a leading dash; a versioned copy of the binary is still the binary.
        string name = Path.GetFileName(commandLine[0]).TrimStart('-');
        if (Find(applets, name) is { } byName)
        {
            return await InvokeAsync(byName, context, arguments, cancel);
        }

        switch (arguments)
        {
            case [] or ["--help" or "-h"]:
                await WriteListAsync(applets, context.Out);
                return ExitCode.Success;
            case ["--version" or "-v"]:
                await context.Out.WriteLineAsync($"{ProgramName} {Version}");
                return ExitCode.Success;
            case ["--list"]:
                foreach (var applet in applets.Where(applet => !applet.IsHidden))
                {
                    await context.Out.WriteLineAsync(applet.Name);
                }

                return ExitCode.Success;
            case ["--install", ..]:
                return await LinkInstaller.RunAsync(applets, context, arguments[1..]);
            case ["help"]:
                await WriteListAsync(applets, context.Out);
                return ExitCode.Success;
            case ["help", var topic, ..]:
                return Find(applets, topic) is { } described
                    ? await HelpAsync(described, context, cancel)
                    : await RefuseAsync(context, topic);
            default:
                return Find(applets, arguments[0]) is { } chosen
                    ? await InvokeAsync(chosen, context, arguments[1..], cancel)
                    : await RefuseAsync(context, arguments[0]);
        }
    }

    private static Applet? Find(ImmutableArray<Applet> applets, string name) => applets.FirstOrDefault(applet => applet.Name == name);

    private static Task<int> InvokeAsync(Applet applet, AppletContext context, string[] arguments, CancellationToken cancel) =>
        applet.Style.InvokeAsync(applet.CreateCommand(context), context, arguments, cancel);

    /// <summary>The help of the historic programs stays as it was; what they can do beyond it is hidden there and told here.</summary>
    private static async Task<int> HelpAsync(Applet applet, AppletContext context, CancellationToken cancel)
    {
        int code = await InvokeAsync(applet, context, ["--help"], cancel);
        var root = applet.CreateCommand(context);
        string[] additions =
        [
            .. root.Subcommands.Where(command => command.Hidden).Select(command => Addition($"{command.Name} {command.Arguments.FirstOrDefault()?.HelpName}", command.Description)),
            .. root.Options.Where(option => option.Hidden).Select(option => Addition(option.Name, option.Description)),
        ];
        if (additions.Length > 0)
        {
            await context.Out.WriteLineAsync($"ADDITIONS:\n{string.Join('\n', additions)}");
        }

        return code;
    }

    private static string Addition(string name, string? description) => $"   {name,-24} {description}";

    private static async Task<int> RefuseAsync(AppletContext context, string name)
    {
        string what = name.StartsWith('-') ? "option" : "applet";
        await context.Error.WriteLineAsync($"{ProgramName}: unknown {what} '{name}'; '{ProgramName} --list' names the applets");
        return name.StartsWith('-') ? ExitCode.Usage : ExitCode.NotFound;
    }

    private static async Task WriteListAsync(ImmutableArray<Applet> applets, TextWriter output)
    {
        await output.WriteLineAsync(
            $"""
            {ProgramName} {Version}: etcd, fleet and confd as one static binary

            usage: {ProgramName} APPLET [arguments]
                   {ProgramName} help APPLET
                   {ProgramName} --list | --version | --install DIR [--hard] [--force]
                   APPLET [arguments]    (by a link of that name)

            applets:
            """);
        foreach (var applet in applets.Where(applet => !applet.IsHidden))
        {
            await output.WriteLineAsync($"  {applet.Name,-18} {applet.Summary}");
        }
    }
}
