namespace Coreutil.Etcd.Server.Wal;

/// <summary>The few file operations the log needs, so that tests can lose what was not synced and tear what was being written.</summary>
internal interface IWalDirectory
{
    /// <summary>Names of the files, in ordinal order.</summary>
    IReadOnlyList<string> List();

    byte[] Read(string name);

    void Write(string name, long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Returns only when all that was written to the file is on the disk (fdatasync), its name too.</summary>
    void Sync(string name);

    void Delete(string name);
}
