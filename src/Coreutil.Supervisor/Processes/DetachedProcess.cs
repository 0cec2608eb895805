using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>Starts a daemon in a session of its own, so that neither the end of its starter nor a terminal's Ctrl-C reaches it.</summary>
public static class DetachedProcess
{
    /// <summary>Starts <paramref name="executable"/> with this process's environment; its output is appended to <paramref name="logFile"/>.</summary>
    public static void Start(string executable, IReadOnlyCollection<string> arguments, string logFile)
    {
        string[] environment = [.. NativeStrings.OwnEnvironment()];
        int input = LibC.Open("/dev/null", LibC.OpenCloseOnExec, 0);
        int output = LibC.Open(logFile, LibC.OpenAppendCreate | LibC.OpenCloseOnExec, 0x1A4);
        try
        {
            int error = PosixSpawn.TryStart(executable, arguments, environment, [new(input, 0), new(output, 1), new(output, 2)], out _);
            if (error != 0)
            {
                throw new UnitdException($"cannot start {executable}: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        }
        finally
        {
            LibC.Close(input);
            LibC.Close(output);
        }
    }
}
