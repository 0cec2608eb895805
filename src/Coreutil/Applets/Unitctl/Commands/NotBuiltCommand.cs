using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Unitctl.Commands;

/// <summary>A verb of systemctl that is not built yet; it takes any arguments and says so.</summary>
internal static class NotBuiltCommand
{
    public static Command Create(UnitctlSession session, string verb)
    {
        var command = new Command(verb, "Not built yet") { new Argument<string[]>("UNIT") { Arity = ArgumentArity.ZeroOrMore } };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(_ =>
        {
            session.Context.Error.WriteLine($"unitctl: {verb} is not built yet");
            return ExitCode.Failure;
        });
        return command;
    }
}
