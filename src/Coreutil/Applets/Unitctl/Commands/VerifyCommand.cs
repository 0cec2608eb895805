using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Supervisor.Units;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>Asks no unitd: what is wrong with a file can be said before anything runs it.</summary>
internal static class VerifyCommand
{
    public static Command Create(UnitctlSession session)
    {
        var files = new Argument<string[]>("FILE") { Arity = ArgumentArity.OneOrMore };
        var command = new Command("verify", "Check unit files: every problem with its line and what would come of it") { files };
        command.SetAction((parsed, cancel) => session.TryAsync(async () =>
        {
            var verifier = new UnitVerifier(HostFacts.Specifiers());
            bool isClean = true;
            foreach (string file in parsed.GetRequiredValue(files))
            {
                try
                {
                    string text = await File.ReadAllTextAsync(file, cancel);
                    foreach (var problem in verifier.Verify(Path.GetFileName(file), Path.GetFullPath(file), text))
                    {
                        isClean = false;
                        await session.Context.Out.WriteLineAsync($"{file}:{problem}".AsMemory(), cancel);
                    }
                }
                catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
                {
                    isClean = false;
                    await session.Context.Error.WriteLineAsync($"unitctl: {unreadable.Message}".AsMemory(), cancel);
                }
            }

            return isClean ? ExitCode.Success : ExitCode.Failure;
        }));
        return command;
    }
}
