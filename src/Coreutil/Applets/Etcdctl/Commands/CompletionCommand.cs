using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Prints a completion script for a shell. Ours: the original has no such command.</summary>
internal static class CompletionCommand
{
    public static Command Create(EtcdctlSession session, RootCommand root)
    {
        var words = EtcdctlSession.Words("bash|zsh|fish");
        var command = new Command("completion", "print a completion script for a shell") { words };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            string shell = parsed.GetRequiredValue(words) is [var name, ..] ? name : "";
            if (CompletionScript.For(shell, "etcdctl", root) is not { } script)
            {
                session.Context.Error.WriteLine("etcdctl: completion is made for bash, zsh or fish");
                return ExitCode.Failure;
            }

            session.Context.Out.Write(script);
            return ExitCode.Success;
        });
        return command;
    }
}
