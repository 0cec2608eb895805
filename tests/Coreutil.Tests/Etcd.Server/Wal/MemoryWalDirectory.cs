using Coreutil.Etcd.Server.Wal;

namespace Coreutil.Tests.Etcd.Server.Wal;

/// <summary>A directory that remembers what was synced, so that a crash can lose the rest.</summary>
internal sealed class MemoryWalDirectory : IWalDirectory
{
    private readonly SortedDictionary<string, byte[]> _written = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, byte[]> _synced = new(StringComparer.Ordinal);

    /// <summary>What the disk still takes.</summary>
    public long FreeBytes { get; set; } = long.MaxValue;

    public IReadOnlyList<string> List() => [.. _written.Keys];

    public byte[] Read(string name) => [.. _written[name]];

    public void Write(string name, long offset, ReadOnlySpan<byte> bytes)
    {
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

    public void Sync(string name) => _synced[name] = [.. _written[name]];

    public void Delete(string name)
    {
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

    public void Replace(string name, byte[] bytes)
    {
        _written[name] = bytes;
        _synced[name] = bytes;
    }
}
