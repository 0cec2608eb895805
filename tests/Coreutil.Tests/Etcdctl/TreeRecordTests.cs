using System.Collections.Immutable;
using Coreutil.Applets.Etcdctl;
using Coreutil.Applets.Etcdctl.Commands;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;
using Coreutil.Tests.Etcd.Client;

namespace Coreutil.Tests.Etcdctl;

// dump and load: a tree as lines of JSON, both ways, with TTLs.
public sealed class TreeRecordTests
{
    private readonly ScriptedKeys _keys = new();

    [Fact]
    public async Task A_dump_has_every_key_and_the_directories_that_say_more_than_their_keys()
    {
        _keys.Answer(new KeyResponse(
            new KeyEvent("get", Directory("/", 0, Leaf("/a", "1"), Directory("/d", 0, Leaf("/d/x", "a\n\"é\"") with { TtlSeconds = 30 }), Directory("/e", 0), Directory("/t", 90, Leaf("/t/y", "")))),
            7));
        var output = new StringWriter { NewLine = "\n" };

        await DumpCommand.RunAsync(_keys, output, ["/"], CancellationToken.None);

        Assert.Equal(
            """
            {"key":"/a","value":"1"}
            {"key":"/d/x","value":"a\n\"é\"","ttl":30}
            {"key":"/e","dir":true}
            {"key":"/t","dir":true,"ttl":90}
            {"key":"/t/y","value":""}

            """,
            output.ToString());
    }

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        foreach (var record in (TreeRecord[])[new("/a", "v\n", TimeSpan.FromSeconds(9)), new("/d", null, null), new("/e", "", null)])
        {
            Assert.Equal(record, TreeRecord.Parse(record.ToJson(), 1));
        }
    }

    [Theory]
    [InlineData("nonsense", "line 3 is no JSON")]
    [InlineData("[]", "line 3 has no key")]
    [InlineData("""{"key":"/a"}""", "line 3 must have either a value or")]
    [InlineData("""{"key":"/a","value":"v","dir":true}""", "line 3 must have either a value or")]
    [InlineData("""{"key":"/a","value":"v","ttl":-1}""", "line 3 has a ttl")]
    public void A_line_that_is_no_record_is_named(string line, string complaint)
    {
        Assert.StartsWith(complaint, Assert.Throws<FormatException>(() => TreeRecord.Parse(line, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_makes_a_directory_before_the_keys_behind_it_and_one_that_is_there_takes_on_the_TTL()
    {
        _keys.Answer("set", "/a", 1)
            .Fail(new EtcdException(new(EtcdErrorCode.NodeExist, "/t", 2)))
            .Answer("update", "/t", 3, isDirectory: true)
            .Answer("set", "/t/y", 4);
        using var input = DumpReader.Of(new StringReader("""
            {"key":"/a","value":"1"}

            {"key":"/t","dir":true,"ttl":90}
            {"key":"/t/y","value":"","ttl":5}
            """));

        long loaded = await LoadCommand.RunAsync(_keys, input, new LoadProgress(Silent(), 0), CancellationToken.None);

        Assert.Equal(3, loaded);
        Assert.Equal(["set /a=1", "set /t= dir ttl=90 prevExist=False", "set /t= dir ttl=90 prevExist=True", "set /t/y= ttl=5"], _keys.Asked);
    }

    private static AppletContext Silent() => new()
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        In = TextReader.Null,
        InvokedAs = "etcdctl",
        ExecutablePath = "",
        Environment = ImmutableDictionary<string, string>.Empty,
    };

    private static KeyNode Leaf(string key, string value) => new() { Key = key, Value = value };

    private static KeyNode Directory(string key, long ttl, params ImmutableArray<KeyNode> nodes) => new() { Key = key, IsDirectory = true, TtlSeconds = ttl, Nodes = nodes };
}
