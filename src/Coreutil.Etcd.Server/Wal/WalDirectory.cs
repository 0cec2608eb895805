using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Coreutil.Etcd.Server.Wal;

/// <summary>A real directory. A created file's name is synced with its first sync; data by fdatasync, which .NET's own flush is not.</summary>
internal sealed partial class WalDirectory(string path) : IWalDirectory, IDisposable
{
    private readonly Dictionary<string, SafeFileHandle> _open = new(StringComparer.Ordinal);
    private bool _namesChanged;

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(path).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    public byte[] Read(string name) => File.ReadAllBytes(Path.Combine(path, name));

    public void Write(string name, long offset, ReadOnlySpan<byte> bytes)
    {
        if (!_open.TryGetValue(name, out var file))
        {
            string full = Path.Combine(path, name);
            _namesChanged |= !File.Exists(full);
            file = File.OpenHandle(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _open[name] = file;
        }

        RandomAccess.Write(file, bytes, offset);
    }

    public void Sync(string name)
    {
        if (_open.TryGetValue(name, out var file) && SyncData(file) != 0)
        {
            throw new IOException($"fdatasync of {Path.Combine(path, name)} failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        if (_namesChanged)
        {
            SyncDirectory(path);
            _namesChanged = false;
        }
    }

    public void Delete(string name)
    {
        if (_open.Remove(name, out var file))
        {
            file.Dispose();
        }

        File.Delete(Path.Combine(path, name));
        _namesChanged = true;
    }

    public void Dispose()
    {
        foreach (var file in _open.Values)
        {
            file.Dispose();
        }

        _open.Clear();
    }

    /// <summary>Makes created, renamed and deleted names durable.</summary>
    public static void SyncDirectory(string path)
    {
        // O_RDONLY | O_DIRECTORY | O_CLOEXEC: .NET opens no directories.
        int descriptor = Open(path, 0x10000 | 0x80000);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open {path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        using var directory = new SafeFileHandle(descriptor, ownsHandle: true);
        if (SyncAll(directory) != 0)
        {
            throw new IOException($"fsync of {path} failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncAll(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);
}
