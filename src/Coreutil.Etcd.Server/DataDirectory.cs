using Microsoft.Win32.SafeHandles;

namespace Coreutil.Etcd.Server;

/// <summary>The data directory, private to its owner and locked against a second process for as long as this object lives.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly SafeFileHandle _lock;

    private DataDirectory(EtcdConfig config, SafeFileHandle locked) => (WalPath, SnapshotPath, _lock) = (WalPathOf(config), SnapshotPathOf(config), locked);

    public string WalPath { get; }

    public string SnapshotPath { get; }

    /// <summary>Whether a member has written here before: the flags that make one then do not count.</summary>
    public static bool HasMember(EtcdConfig config) => HasLog(WalPathOf(config)) || HasLog(WalPathOf(config) + SetAside);

    /// <summary>Behind the log's path: where it is kept when another one takes its place.</summary>
    public const string SetAside = ".before-force-new-cluster";

    private static bool HasLog(string path) => Directory.Exists(path) && Directory.EnumerateFiles(path, "*.wal").Any();

    public static DataDirectory Open(EtcdConfig config)
    {
        string path = config.EffectiveDataDirectory;
        try
        {
            if (OriginalData.Refuse(path, WalPathOf(config)) is { } refusal)
            {
                throw new EtcdStartException(refusal);
            }

            const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(path, OwnerOnly);
            Directory.CreateDirectory(Path.Combine(path, "member"), OwnerOnly);
            var locked = Lock(path);
            var opened = new DataDirectory(config, locked);
            if (HasLog(opened.WalPath + SetAside) && !HasLog(opened.WalPath))
            {
                // A crash came while it was being set aside.
                if (Directory.Exists(opened.WalPath))
                {
                    Directory.Delete(opened.WalPath);
                }

                Directory.Move(opened.WalPath + SetAside, opened.WalPath);
            }

            Directory.CreateDirectory(opened.WalPath, OwnerOnly);
            Directory.CreateDirectory(opened.SnapshotPath, OwnerOnly);
            return opened;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new EtcdStartException($"cannot use the data directory {Path.GetFullPath(path)}: {failure.Message}", failure);
        }
    }

    private static string WalPathOf(EtcdConfig config) =>
        config.WalDirectory.Length > 0 ? config.WalDirectory : Path.Combine(config.EffectiveDataDirectory, "member", "wal");

    private static string SnapshotPathOf(EtcdConfig config) => Path.Combine(config.EffectiveDataDirectory, "member", "snap");

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
