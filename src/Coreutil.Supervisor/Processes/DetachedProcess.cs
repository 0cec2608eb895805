using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>Starts a daemon in a session of its own, so that neither the end of its starter nor a terminal's Ctrl-C reaches it.</summary>
public static unsafe class DetachedProcess
{
    /// <summary>Starts <paramref name="executable"/> with this process's environment; its output is appended to <paramref name="logFile"/>.</summary>
    public static void Start(string executable, IReadOnlyCollection<string> arguments, string logFile)
    {
        byte* actions = stackalloc byte[80];
        byte* attributes = stackalloc byte[336];
        byte* signals = stackalloc byte[128];
        byte* path = NativeStrings.Copy(executable);
        using var vector = new NativeStrings(arguments);
        using var environment = new NativeStrings([.. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}")]);
        int input = LibC.Open("/dev/null", LibC.OpenCloseOnExec, 0);
        int output = LibC.Open(logFile, LibC.OpenAppendCreate | LibC.OpenCloseOnExec, 0x1A4);
        try
        {
            LibC.FileActionsInit(actions);
            LibC.AttributesInit(attributes);
            LibC.AttributesSetFlags(attributes, LibC.SpawnSetSession | LibC.SpawnSetSignalMask | LibC.SpawnSetSignalDefault);
            LibC.SignalSetEmpty(signals);
            LibC.AttributesSetSignalMask(attributes, signals);
            LibC.SignalSetFill(signals);
            LibC.AttributesSetSignalDefault(attributes, signals);
            LibC.FileActionsDuplicate(actions, input, 0);
            LibC.FileActionsDuplicate(actions, output, 1);
            LibC.FileActionsDuplicate(actions, output, 2);
            int pid;
            int error = LibC.PosixSpawn(&pid, path, actions, attributes, vector.Vector, environment.Vector);
            if (error != 0)
            {
                throw new UnitdException($"cannot start {executable}: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        }
        finally
        {
            LibC.FileActionsDestroy(actions);
            LibC.AttributesDestroy(attributes);
            NativeMemory.Free(path);
            LibC.Close(input);
            LibC.Close(output);
        }
    }
}
