using Microsoft.Win32.SafeHandles;

namespace Coreutil.Etcd.Server;

/// <summary>The data directory, private to its owner and locked against a second process for as long as this object lives.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly SafeFileHandle _lock;

    private DataDirectory(string path, string walPath, SafeFileHandle locked) =>
        (WalPath, SnapshotPath, _lock) = (walPath.Length > 0 ? walPath : Path.Combine(path, "member", "wal"), Path.Combine(path, "member", "snap"), locked);

    public string WalPath { get; }

    public string SnapshotPath { get; }

    public static DataDirectory Open(string path, string walPath)
    {
        try
        {
            if (Directory.Exists(Path.Combine(path, "proxy")))
            {
                throw new EtcdStartException($"{path} belongs to a proxy, and proxies are not built yet: choose another --data-dir");
            }

            const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(path, OwnerOnly);
            Directory.CreateDirectory(Path.Combine(path, "member"), OwnerOnly);
            var locked = Lock(path);
            var opened = new DataDirectory(path, walPath, locked);
            Directory.CreateDirectory(opened.WalPath, OwnerOnly);
            Directory.CreateDirectory(opened.SnapshotPath, OwnerOnly);
            return opened;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EtcdStartException($"cannot use the data directory {Path.GetFullPath(path)}: {failure.Message}", failure);
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>FileShare.None is flock(LOCK_EX | LOCK_NB): the kernel lets go of it however the process ends.</summary>
    private static SafeFileHandle Lock(string path)
    {
        try
        {
            return File.OpenHandle(Path.Combine(path, "member", "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(Path.Combine(path, "member", "lock")))
        {
            throw new EtcdStartException($"{path} is in use by another process: stop it, or choose another --data-dir", failure);
        }
    }
}
