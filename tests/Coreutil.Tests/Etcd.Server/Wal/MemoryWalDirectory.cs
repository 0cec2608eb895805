using Coreutil.Etcd.Server.Wal;

namespace Coreutil.Tests.Etcd.Server.Wal;

/// <summary>A directory that remembers what was synced, so that a crash can lose the rest.</summary>
internal sealed class MemoryWalDirectory : IWalDirectory
{
    private readonly SortedDictionary<string, byte[]> _written = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, byte[]> _synced = new(StringComparer.Ordinal);

    /// <summary>What the disk still takes.</summary>
    public long FreeBytes { get; set; } = long.MaxValue;

    /// <summary>The power goes during the sync after so many others: from then on nothing reaches the disk.</summary>
    public int SyncsUntilPowerLoss { get; set; } = int.MaxValue;

    private bool IsOff => SyncsUntilPowerLoss < 0;

    public IReadOnlyList<string> List() => [.. _written.Keys];

    public byte[] Read(string name) => [.. _written[name]];

    public void Write(string name, long offset, ReadOnlySpan<byte> bytes)
    {
        if (IsOff)
        {
            return;
        }

        byte[] file = _written.GetValueOrDefault(name, []);
        int growth = Math.Max(0, (int)offset + bytes.Length - file.Length);
        if (growth > FreeBytes)
        {
            const int NoSpace = 28;
            throw new IOException("No space left on device", NoSpace);
        }

        FreeBytes -= growth;
        Array.Resize(ref file, Math.Max(file.Length, (int)offset + bytes.Length));
        bytes.CopyTo(file.AsSpan((int)offset));
        _written[name] = file;
    }

    public void Sync(string name)
    {
        if (!IsOff && SyncsUntilPowerLoss-- > 0)
        {
            _synced[name] = [.. _written[name]];
        }
    }

    public void Delete(string name)
    {
        if (IsOff)
        {
            return;
        }

        _written.Remove(name);
        _synced.Remove(name);
    }

    /// <summary>A copy that holds only what was synced.</summary>
    public MemoryWalDirectory AfterCrash()
    {
        var survivor = new MemoryWalDirectory();
        foreach (var (name, bytes) in _synced)
        {
            survivor.Replace(name, [.. bytes]);
        }

        return survivor;
    }

    /// <summary>
    /// A copy as after a power loss: of what was not synced each sector is there or not.
    /// </summary>
    public MemoryWalDirectory AfterTornWrite(int sector, Func<bool> isWritten)
    {
        var survivor = new MemoryWalDirectory();
        foreach (var (name, bytes) in _written)
        {
            byte[] torn = [.. bytes];
            byte[] old = _synced.GetValueOrDefault(name, []);
            for (int start = 0; start < torn.Length; start += sector)
            {
                var now = torn.AsSpan(start, Math.Min(sector, torn.Length - start));
                byte[] then = new byte[now.Length];
                if (start < old.Length)
                {
                    old.AsSpan(start, Math.Min(then.Length, old.Length - start)).CopyTo(then);
                }

                if (!now.SequenceEqual(then) && !isWritten())
                {
                    then.CopyTo(now);
                }
            }

            survivor.Replace(name, torn);
        }

        return survivor;
    }

    public void Replace(string name, byte[] bytes)
    {
        _written[name] = bytes;
        _synced[name] = bytes;
    }
}
