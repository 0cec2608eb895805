using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// unitd's end of the line to its <see cref="Guard"/>: how processes ended that a unitd before this one had started, and the sockets that it listened on.
/// </summary>
public sealed class GuardLink
{
    /// <summary>A datagram with this text follows what was collected before.</summary>
    public const string EndOfBacklog = "end";

    /// <summary>Datagrams of unitd's begin with one of these and go on with a key; the first brings a descriptor.</summary>
    public const string Keep = "keep";

    public const string Drop = "drop";

    /// <summary>The guard's answer to each of the second.</summary>
    public const string Dropped = "dropped";

    public const int LargestMessage = 16 * 1024;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ProcessIdentity, ProcessExit> _exits = new();
    private readonly Dictionary<string, int> _kept = new(StringComparer.Ordinal);
    private readonly object _gate = new();
    private int _drops;
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
        while (isNew && Receive(out int[] descriptors) is { } message && message != EndOfBacklog)
        {
            if (descriptors is [var kept])
            {
                _kept[message] = kept;
            }
            else
            {
                Take(message);
            }
        }

        _watch.Watch(Descriptor, OnReadable);
    }

    public int Descriptor { get; }

    /// <summary>False once it is gone: nobody will tell any more.</summary>
    public bool IsThere { get; private set; } = true;

    /// <summary>Gives the guard a copy of a descriptor, in place of what it had under the same key.</summary>
    public void KeepDescriptor(string key, int descriptor) => LocalSockets.Send(Descriptor, Encoding.UTF8.GetBytes($"{Keep} {key}"), [descriptor], LocalSockets.NoWait);

    public void DropDescriptor(string key)
    {
        lock (_gate)
        {
            _drops += LocalSockets.Send(Descriptor, Encoding.UTF8.GetBytes($"{Drop} {key}"), [], LocalSockets.NoWait) > 0 ? 1 : 0;
        }
    }

    /// <summary>Until the guard has closed what it was told to; a guard that says nothing is not waited for longer than a second.</summary>
    public void WaitForDrops()
    {
        lock (_gate)
        {
            while (_drops > 0 && IsThere && Monitor.Wait(_gate, _patience))
            {
                // One more has been answered.
            }
        }
    }

    /// <summary>What a unitd before this one left under the key; it is the caller's from now on, and the guard has its copy still.</summary>
    public int? TryTakeDescriptor(string key) => _kept.Remove(key, out int descriptor) ? descriptor : null;

    /// <summary>Nobody took these: the units they belonged to are gone.</summary>
    public void DropTheRest()
    {
        foreach (var (key, descriptor) in _kept)
        {
            LibC.Close(descriptor);
            DropDescriptor(key);
        }

        _kept.Clear();
    }

    public ProcessExit? TryTakeExit(ProcessIdentity process) => _exits.TryRemove(process, out var exit) ? exit : null;

    public static string Format(ProcessIdentity process, ProcessExit exit) =>
        string.Create(CultureInfo.InvariantCulture, $"{process.Pid} {process.StartTime} {(int)exit.Kind} {exit.Status}\n");

    private void OnReadable()
    {
        if (Receive(out _) is { } message)
        {
            Take(message);
            _watch.Watch(Descriptor, OnReadable);
        }

        _onExit();
    }

    private void Take(string message)
    {
        if (message == Dropped)
        {
            lock (_gate)
            {
                _drops--;
                Monitor.Pulse(_gate);
            }

            return;
        }

        foreach (string[] fields in message.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length == 4))
        {
            var process = new ProcessIdentity(int.Parse(fields[0], CultureInfo.InvariantCulture), ulong.Parse(fields[1], CultureInfo.InvariantCulture));
            _exits[process] = new((ProcessExitKind)int.Parse(fields[2], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture));
        }
    }

    private string? Receive(out int[] descriptors)
    {
        Span<byte> buffer = stackalloc byte[LargestMessage];
        for (; ; )
        {
            nint count = LocalSockets.Receive(Descriptor, buffer, out descriptors);
            if (count < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
            {
                continue;
            }

            if (count <= 0)
            {
                IsThere = false;
                return null;
            }

            return Encoding.UTF8.GetString(buffer[..(int)count]);
        }
    }
}
