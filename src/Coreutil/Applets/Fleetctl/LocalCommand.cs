using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using Coreutil.Applets.Fleetctl.Ssh;

namespace Coreutil.Applets.Fleetctl;

/// <summary>Runs a program of this machine with our own streams.</summary>
internal static class LocalCommand
{
    /// <exception cref="SshException">It cannot be started.</exception>
    public static async Task<int> RunAsync(ImmutableArray<string> command, CancellationToken cancel)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))) ?? throw new SshException($"{command[0]} did not start");
            await process.WaitForExitAsync(cancel);
            return process.ExitCode;
        }
        catch (Win32Exception missing)
        {
            throw new SshException($"cannot start {command[0]}: {missing.Message}", missing);
        }
    }
}
