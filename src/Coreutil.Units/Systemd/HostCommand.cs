using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Coreutil.Units.Systemd;

/// <summary>systemctl and journalctl, whose texts are what people read; never used inside unitd, where nobody but it may reap children.</summary>
internal static class HostCommand
{
    public static async Task<UnitStatusText> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancel)
    {
        using var process = Start(program, arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var error = process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return new(await output + await error, process.ExitCode);
        }
        finally
        {
            End(process);
        }
    }

    public static async IAsyncEnumerable<string> ReadLinesAsync(
        string program, IEnumerable<string> arguments, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var process = Start(program, arguments);
        try
        {
            var error = process.StandardError.ReadToEndAsync(cancel);
            while (await process.StandardOutput.ReadLineAsync(cancel) is { } line)
            {
                yield return line;
            }

            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0)
            {
                throw new SystemdException($"{program} ended with {process.ExitCode}: {(await error).Trim()}");
            }
        }
        finally
        {
            End(process);
        }
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
                ?? throw new SystemdException($"cannot run {program}");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new SystemdException($"cannot run {program}: {missing.Message}", missing);
        }
    }

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }
}
