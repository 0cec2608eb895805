using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Starts commands by way of the executor: posix_spawn of this same binary, the spec over a pipe. No managed code runs between fork and exec.
/// </summary>
public sealed unsafe class Spawner(string executable, string executorApplet)
{
    /// <summary>
    /// Starts <paramref name="spec"/> with <paramref name="output"/> as standard output and error, and <paramref name="passed"/> as its descriptors from 3
    /// on; returns the process id.
    /// </summary>
    public int Spawn(ExecSpec spec, int output, IReadOnlyList<int> passed, int? report)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(spec with { IsReported = report is not null }, ExecSpecJson.Default.ExecSpec);
        int* pipe = stackalloc int[2];
        Check(LibC.Pipe(pipe, LibC.OpenCloseOnExec) == 0 ? 0 : Marshal.GetLastPInvokeError(), "pipe");
        int input = LibC.Open("/dev/null", LibC.OpenCloseOnExec, 0);
        try
        {
            int pid = SpawnExecutor(pipe[0], input, output, report is { } end ? [.. passed, end] : passed);

            // The spec may be larger than the pipe: the child reads it while we write.
            fixed (byte* first = json)
            {
                nuint written = 0;
                while (written < (nuint)json.Length)
                {
                    nint count = LibC.Write(pipe[1], first + written, (nuint)json.Length - written);
                    if (count <= 0)
                    {
                        break; // The executor died: its exit tells the rest.
                    }

                    written += (nuint)count;
                }
            }

            return pid;
        }
        finally
        {
            LibC.Close(pipe[0]);
            LibC.Close(pipe[1]);
            LibC.Close(input);
        }
    }

    private int SpawnExecutor(int specEnd, int input, int output, IReadOnlyList<int> passed)
    {
        // The numbers from 3 on are the spec's and the passed descriptors': what lies there already is taken out of the way first.
        int free = Executor.FirstPassed + passed.Count;
        var copies = new List<int>();
        try
        {
            PassedDescriptor[] descriptors =
            [
                new(Above(specEnd), Executor.SpecDescriptor), .. passed.Select((descriptor, i) => new PassedDescriptor(Above(descriptor), Executor.FirstPassed + i)),
                new(Above(input), 0), new(Above(output), 1), new(Above(output), 2),
            ];
            Check(PosixSpawn.TryStart(executable, ["coreutil", executorApplet], [], descriptors, out int pid), $"posix_spawn {executable}");
            return pid;
        }
        finally
        {
            copies.ForEach(copy => LibC.Close(copy));
        }

        int Above(int descriptor)
        {
            if (descriptor >= free)
            {
                return descriptor;
            }

            int copy = LibC.FileControl(descriptor, LibC.DuplicateCloseOnExec, free);
            copies.Add(copy);
            return copy;
        }
    }

    private static void Check(int error, string call)
    {
        if (error != 0)
        {
            throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(error)}", new Win32Exception(error));
        }
    }
}
