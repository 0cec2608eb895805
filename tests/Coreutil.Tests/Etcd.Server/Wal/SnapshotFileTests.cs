using Coreutil.Etcd.Server.Store;
using Coreutil.Etcd.Server.Wal;
using Coreutil.Raft;

namespace Coreutil.Tests.Etcd.Server.Wal;

public sealed class SnapshotFileTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("etcd-snap-").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void A_snapshot_comes_back_as_it_was_with_its_history()
    {
        var written = Snapshot(index: 7, value: "a\uDCFFb");
        SnapshotFile.Write(_path, written);

        var read = SnapshotFile.ReadNewest(_path)!;

        Assert.Equal(written.Position, read.Position);
        Assert.Equal(written.View.Index, read.View.Index);
        var node = read.View.Keys.Find(["d", "k"])!;
        Assert.Equal("a\uDCFFb", node.Value);
        Assert.Equal(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), node.Deadline);
        Assert.Equal("true", read.View.Auth.Find(["2", "enabled"])!.Value);
        Assert.Equal(written.History.Select(occurred => occurred.Event), read.History.Select(occurred => occurred.Event));
        Assert.Equal(written.History.Select(occurred => occurred.Removed is null), read.History.Select(occurred => occurred.Removed is null));
        Assert.Equal(written.HistoryStartsAfter, read.HistoryStartsAfter);
    }

    // etcd.md §7: a bad one is renamed and the next older is used.
    [Fact]
    public void A_snapshot_with_any_byte_changed_is_set_aside_for_the_older_one()
    {
        var older = Snapshot(index: 7, value: "v");
        var newer = Snapshot(index: 9, value: "w");
        SnapshotFile.Write(_path, newer);
        string file = Path.Combine(_path, SnapshotFile.NameOf(newer.Position));
        byte[] whole = File.ReadAllBytes(file);
        for (int position = 0; position < whole.Length; position++)
        {
            SnapshotFile.Write(_path, older);
            byte[] damaged = [.. whole];
            damaged[position] ^= 0x10;
            File.WriteAllBytes(file, damaged);

            Assert.Equal(older.Position, SnapshotFile.ReadNewest(_path)!.Position);
            Assert.Equal(damaged, File.ReadAllBytes(file + ".broken"));
        }
    }

    [Fact]
    public void A_snapshot_cut_at_any_byte_is_set_aside()
    {
        var snapshot = Snapshot(index: 7, value: "v");
        SnapshotFile.Write(_path, snapshot);
        string file = Path.Combine(_path, SnapshotFile.NameOf(snapshot.Position));
        byte[] whole = File.ReadAllBytes(file);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);

            Assert.Null(SnapshotFile.ReadNewest(_path));
        }
    }

    [Fact]
    public void A_format_of_another_release_is_no_damage()
    {
        byte[] body = "coreutil snap 9\nwhatever"u8.ToArray();
        File.WriteAllBytes(Path.Combine(_path, "1-1.snap"), [.. body, .. BitConverter.GetBytes(Crc32C.Compute(0, body))]);

        var refusal = Assert.Throws<WalException>(() => SnapshotFile.ReadNewest(_path));

        Assert.Contains("has snapshot format 9, this release reads 2", refusal.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_path, "1-1.snap")));
    }

    private static StoreSnapshot Snapshot(ulong index, string value)
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var store = new KeyStore(StoreView.Empty);
        StoreCommand[] commands =
        [
            new(StoreAction.Set, "/d/k", now) { Value = value, Deadline = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) },
            new(StoreAction.Set, "/2/enabled", now) { Space = StoreSpace.Auth, Value = "true" },
            new(StoreAction.Set, "/gone/x", now) { Value = "x" },
            new(StoreAction.Delete, "/gone", now) { IsRecursive = true },
        ];
        var history = commands.SelectMany(command => store.Apply(command).Events).ToArray();
        return new StoreSnapshot(new LogPosition(1, index), store.View, [.. history]);
    }
}
