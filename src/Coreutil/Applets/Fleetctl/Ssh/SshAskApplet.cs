using System.CommandLine;
using System.Text;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Fleetctl.Ssh;

/// <summary>Hidden: what ssh starts to ask about a host key when fleetctl's stdin is no terminal. The answer is read from there, to its end of line and no further.</summary>
internal static class SshAskApplet
{
    public const string Name = "fleetctl-ssh-ask";

    /// <summary>Where fleetctl's stdin is: ssh's own may be the tunnel.</summary>
    public const string InputVariable = "FLEETCTL_SSH_ASK_INPUT";

    public static Applet Declaration { get; } = new()
    {
        Name = Name,
        Summary = "answers ssh's question about a host key from fleetctl's stdin",
        ManSection = 1,
        CreateCommand = CreateCommand,
        IsHidden = true,
    };

    private static Command CreateCommand(AppletContext context)
    {
        var prompt = new Argument<string[]>("PROMPT") { Arity = ArgumentArity.ZeroOrMore };
        var root = new Command(Declaration.Name, Declaration.Summary) { prompt };
        root.SetAction((parsed, cancel) => RunAsync(context, string.Join(' ', parsed.GetRequiredValue(prompt)), cancel));
        return root;
    }

    private static async Task<int> RunAsync(AppletContext context, string prompt, CancellationToken cancel)
    {
        // A passphrase would have to be read without an echo: that is for an agent, as with the original.
        if (!prompt.Contains("yes/no", StringComparison.Ordinal))
        {
            return ExitCode.Failure;
        }

        await context.Error.WriteAsync(prompt.AsMemory(), cancel);
        await using var input = context.Variable(InputVariable) is { } path
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0)
            : context.OpenBytes().Input;
        await context.Out.WriteLineAsync(ReadLine(input).AsMemory(), cancel);
        return ExitCode.Success;
    }

    // One byte after the other: what follows the line is for the command.
    private static string ReadLine(Stream input)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (input.Read(one) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString().Trim() == "y" ? "yes" : line.ToString();
    }
}
