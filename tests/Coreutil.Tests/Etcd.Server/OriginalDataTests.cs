using Coreutil.Etcd.Server;

namespace Coreutil.Tests.Etcd.Server;

/// <summary>Data directories of the original look like ours: they are recognised, and nothing is written to them.</summary>
public sealed class OriginalDataTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("etcd-data-").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Theory]
    [InlineData("member/wal/0000000000000000-0000000000000000.wal", "original etcd")]
    [InlineData("member/snap/db", "etcd 3")]
    [InlineData("log", "etcd 0.4")]
    public void A_directory_of_the_original_is_refused_unchanged(string file, string named)
    {
        byte[] frame = [4, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x04, 0x10, 0x00];
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_path, file))!);
        File.WriteAllBytes(Path.Combine(_path, file), frame);
        File.WriteAllText(Path.Combine(_path, "conf"), "{}");
        string[] before = Tree();

        var refusal = Assert.Throws<EtcdStartException>(() => DataDirectory.Open(new EtcdConfig { DataDirectory = _path }));

        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, Tree());
    }

    [Fact]
    public void An_empty_directory_is_made_ours()
    {
        using var opened = DataDirectory.Open(new EtcdConfig { DataDirectory = _path });

        Assert.True(Directory.Exists(opened.WalPath));
    }

    private string[] Tree() => [.. Directory.EnumerateFileSystemEntries(_path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
