using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>A descriptor of ours, and the number the new process knows it by.</summary>
internal readonly record struct PassedDescriptor(int Ours, int Theirs);

/// <summary>posix_spawn of a program, into a session of its own unless told otherwise, with no signal blocked or ignored. No managed code runs between fork and exec.</summary>
internal static unsafe class PosixSpawn
{
    // The sizes of glibc's types on x86-64: opaque to us, only room for them is needed.
    private const int FileActionsSize = 80;
    private const int AttributesSize = 336;
    private const int SignalSetSize = 128;

    /// <summary>Zero, or the error number; descriptors are taken over in the order they are given.</summary>
    public static int TryStart(
        string executable, IReadOnlyCollection<string> arguments, IReadOnlyCollection<string> environment, ReadOnlySpan<PassedDescriptor> descriptors, out int pid,
        bool hasOwnSession = true)
    {
        byte* actions = stackalloc byte[FileActionsSize];
        byte* attributes = stackalloc byte[AttributesSize];
        byte* signals = stackalloc byte[SignalSetSize];
        byte* path = NativeStrings.Copy(executable);
        using var argumentVector = new NativeStrings(arguments);
        using var environmentVector = new NativeStrings(environment);
        LibC.FileActionsInit(actions);
        LibC.AttributesInit(attributes);
        try
        {
            int flags = LibC.SpawnSetSignalMask | LibC.SpawnSetSignalDefault | (hasOwnSession ? LibC.SpawnSetSession : 0);
            LibC.AttributesSetFlags(attributes, (short)flags);
            LibC.SignalSetEmpty(signals);
            LibC.AttributesSetSignalMask(attributes, signals);
            LibC.SignalSetFill(signals);
            LibC.AttributesSetSignalDefault(attributes, signals);
            int last = 2;
            foreach (var descriptor in descriptors)
            {
                LibC.FileActionsDuplicate(actions, descriptor.Ours, descriptor.Theirs);
                last = Math.Max(last, descriptor.Theirs);
            }

            // What whoever started us left open, a lock for example, is not for those whom we start.
            LibC.FileActionsCloseFrom(actions, last + 1);

            int started = 0;
            int error = LibC.PosixSpawn(&started, path, actions, attributes, argumentVector.Vector, environmentVector.Vector);
            pid = started;
            return error;
        }
        finally
        {
            LibC.FileActionsDestroy(actions);
            LibC.AttributesDestroy(attributes);
            NativeMemory.Free(path);
        }
    }
}
