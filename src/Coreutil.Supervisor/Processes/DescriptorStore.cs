namespace Coreutil.Supervisor.Processes;

/// <summary>
/// The guard's copies of what unitd listens on (systemd's word: file descriptor store). As long as one process holds a socket open, nobody who connects
/// is refused, and whoever waits in its queue goes on waiting: a killed unitd's sockets are the next one's.
/// </summary>
internal sealed class DescriptorStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _kept = new(StringComparer.Ordinal);

    /// <summary>Carries out one message of unitd's: keep or drop, and a key.</summary>
    public void Take(string message, ReadOnlySpan<int> descriptors)
    {
        string[] words = message.Split(' ', 2);
        lock (_gate)
        {
            if (words.Length == 2 && _kept.Remove(words[1], out int old))
            {
                LibC.Close(old);
            }

            if (words is [GuardLink.Keep, var key] && descriptors is [var kept])
            {
                _kept[key] = kept;
                return;
            }
        }

        foreach (int unwanted in descriptors)
        {
            LibC.Close(unwanted);
        }
    }

    /// <summary>The copies and their keys, for the next unitd.</summary>
    public KeyValuePair<string, int>[] All
    {
        get
        {
            lock (_gate)
            {
                return [.. _kept];
            }
        }
    }
}
