using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Starts commands by way of the executor: posix_spawn of this same binary, the spec over a pipe. No managed code runs between fork and exec.
/// </summary>
public sealed unsafe class Spawner(string executable, string executorApplet)
{
    /// <summary>Starts <paramref name="spec"/> with <paramref name="output"/> as standard output and error; returns the process id.</summary>
    public int Spawn(ExecSpec spec, int output)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(spec, ExecSpecJson.Default.ExecSpec);
        int* pipe = stackalloc int[2];
        Check(LibC.Pipe(pipe, LibC.OpenCloseOnExec) == 0 ? 0 : Marshal.GetLastPInvokeError(), "pipe");
        int input = LibC.Open("/dev/null", LibC.OpenCloseOnExec, 0);
        try
        {
            int pid = SpawnExecutor(pipe[0], input, output);

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

    private int SpawnExecutor(int specEnd, int input, int output)
    {
        // The runtime holds the low descriptors from its start on, so neither input nor output is the spec's number.
        PassedDescriptor[] descriptors = [new(specEnd, Executor.SpecDescriptor), new(input, 0), new(output, 1), new(output, 2)];
        Check(PosixSpawn.TryStart(executable, ["coreutil", executorApplet], [], descriptors, out int pid), $"posix_spawn {executable}");
        return pid;
    }

    private static void Check(int error, string call)
    {
        if (error != 0)
        {
            throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(error)}", new Win32Exception(error));
        }
    }
}
