using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

internal static class AuthCommand
{
    public static Command Create(EtcdctlSession session) => new("auth", "overall auth controls")
    {
        Create(session, "enable", "enable auth access controls", "Authentication Enabled", (auth, limit) => auth.EnableAsync(limit)),
        Create(session, "disable", "disable auth access controls", "Authentication Disabled", (auth, limit) => auth.DisableAsync(limit)),
    };

    private static Command Create(EtcdctlSession session, string name, string description, string done, Func<AuthApi, CancellationToken, Task> change)
    {
        var words = EtcdctlSession.Words(" ");
        var command = new Command(name, description) { words };
        command.SetAction((parsed, cancel) => session.OnAuthAsync(
            parsed,
            () => EtcdctlSession.NoWords(parsed.GetRequiredValue(words)),
            async (auth, _, limit) =>
            {
                await change(auth, limit);
                session.Answer(parsed, done + "\n", writer => writer.WriteBoolean("enabled"u8, name == "enable"));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }
}
