using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Starts commands by way of the executor: posix_spawn of this same binary, the spec over a socket. No managed code runs between fork and exec. The start of
/// the runtime is most of what a start costs, so some executors have it behind them and wait for their spec; the first command makes the first ones.
/// </summary>
public sealed class Spawner(string executable, string executorApplet, int warm = 2)
{
    private readonly Queue<Executing> _waiting = [];

    /// <summary>
    /// Starts <paramref name="spec"/> with <paramref name="output"/> as standard output and error, and <paramref name="passed"/> as its descriptors from 3
    /// on; returns the process id.
    /// </summary>
    public int Spawn(ExecSpec spec, int output, IReadOnlyList<int> passed, int? report)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(spec with { IsReported = report is not null }, ExecSpecJson.Default.ExecSpec);
        int[] descriptors = [output, .. passed, .. report is { } end ? [end] : (int[])[]];
        if (spec.StaysInGroup)
        {
            var member = SpawnExecutor(hasOwnSession: false);
            Hand(member);
            return member.Pid;
        }

        while (_waiting.TryDequeue(out var ready))
        {
            // One that was killed while it waited is no failure of the command.
            if (Hand(ready))
            {
                Refill();
                return ready.Pid;
            }
        }

        var made = SpawnExecutor();
        Hand(made);
        Refill();
        return made.Pid;

        bool Hand(Executing executor)
        {
            bool isTaken = SpecChannel.TrySend(executor.Socket, json, descriptors);
            LibC.Close(executor.Socket);
            return isTaken;
        }
    }

    private void Refill()
    {
        while (_waiting.Count < warm)
        {
            _waiting.Enqueue(SpawnExecutor());
        }
    }

    private Executing SpawnExecutor(bool hasOwnSession = true)
    {
        var (ours, theirs) = SpecChannel.Open();
        int none = LibC.Open("/dev/null", LibC.OpenReadWrite | LibC.OpenCloseOnExec, 0);

        // What lies at the number of the executor's end is taken out of the way first, be it our own end.
        int source = theirs > Executor.SpecDescriptor ? theirs : LibC.FileControl(theirs, LibC.DuplicateCloseOnExec, Executor.SpecDescriptor + 1);
        try
        {
            int error = PosixSpawn.TryStart(
                executable, ["coreutil", executorApplet], [], [new(source, Executor.SpecDescriptor), new(none, 0), new(none, 1)], out int pid, hasOwnSession);
            return error == 0 ? new(pid, ours) : throw new IOException($"posix_spawn {executable}: {Marshal.GetPInvokeErrorMessage(error)}", new Win32Exception(error));
        }
        catch (IOException)
        {
            LibC.Close(ours);
            throw;
        }
        finally
        {
            LibC.Close(theirs);
            LibC.Close(none);
            if (source != theirs)
            {
                LibC.Close(source);
            }
        }
    }

    private readonly record struct Executing(int Pid, int Socket);
}
