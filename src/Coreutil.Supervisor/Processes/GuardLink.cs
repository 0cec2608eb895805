using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>unitd's end of the line to its <see cref="Guard"/>: how processes ended that a unitd before this one had started.</summary>
public sealed unsafe class GuardLink
{
    /// <summary>A datagram with this text follows what was collected before.</summary>
    public const string EndOfBacklog = "end";

    public const int LargestMessage = 16 * 1024;

    private readonly ConcurrentDictionary<ProcessIdentity, ProcessExit> _exits = new();
    private readonly Action _onExit;
    private readonly DescriptorWatch _watch;

    /// <param name="descriptor">The socket.</param>
    /// <param name="isNew">The guard sends first what it has collected; that is waited for.</param>
    /// <param name="watch">Waits for what comes later.</param>
    /// <param name="onExit">Called on another thread when there is something to take.</param>
    public GuardLink(int descriptor, bool isNew, DescriptorWatch watch, Action onExit)
    {
        Descriptor = descriptor;
        _onExit = onExit;
        _watch = watch;
        LibC.FileControl(descriptor, LibC.SetDescriptorFlags, LibC.CloseOnExecFlag);

        // A guard that says nothing for two seconds must not keep the units waiting.
        LocalSockets.SetPatience(descriptor, seconds: 2);
        while (isNew && Receive() is { } message && message != EndOfBacklog)
        {
            Take(message);
        }

        _watch.Watch(Descriptor, OnReadable);
    }

    public int Descriptor { get; }

    /// <summary>False once it is gone: nobody will tell any more.</summary>
    public bool IsThere { get; private set; } = true;

    public ProcessExit? TryTakeExit(ProcessIdentity process) => _exits.TryRemove(process, out var exit) ? exit : null;

    public static string Format(ProcessIdentity process, ProcessExit exit) =>
        string.Create(CultureInfo.InvariantCulture, $"{process.Pid} {process.StartTime} {(int)exit.Kind} {exit.Status}\n");

    private void OnReadable()
    {
        if (Receive() is { } message)
        {
            Take(message);
            _watch.Watch(Descriptor, OnReadable);
        }

        _onExit();
    }

    private void Take(string message)
    {
        foreach (string[] fields in message.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length == 4))
        {
            var process = new ProcessIdentity(int.Parse(fields[0], CultureInfo.InvariantCulture), ulong.Parse(fields[1], CultureInfo.InvariantCulture));
            _exits[process] = new((ProcessExitKind)int.Parse(fields[2], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture));
        }
    }

    private string? Receive()
    {
        byte* buffer = stackalloc byte[LargestMessage];
        for (; ; )
        {
            nint count = LibC.Read(Descriptor, buffer, LargestMessage);
            if (count < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
            {
                continue;
            }

            if (count <= 0)
            {
                IsThere = false;
                return null;
            }

            return Encoding.ASCII.GetString(buffer, (int)count);
        }
    }
}
