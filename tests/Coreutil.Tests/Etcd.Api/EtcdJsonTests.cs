using System.Text;
using Coreutil.Etcd.Api;

namespace Coreutil.Tests.Etcd.Api;

/// <summary>etcd.md §1.4: field order, omissions and Go's escapes.</summary>
public sealed class EtcdJsonTests
{
    [Theory]
    [InlineData("<a>&\"\\/", """\u003ca\u003e\u0026\"\\/""")]
    [InlineData("\n\r\t\u0001\u007f", """\n\r\t\u0001""" + "\u007f")]
    [InlineData("\u2028\u2029", """\u2028\u2029""")]
    [InlineData("grün 漢 😀 \ufffd", "grün 漢 😀 \ufffd")]
    public void Text_is_escaped_as_Go_escapes(string value, string escaped)
    {
        string json = Text(EtcdJson.WriteEvent(new KeyEvent("set", new KeyNode { Key = "/a", Value = value, ModifiedIndex = 1, CreatedIndex = 1 })));
        Assert.Equal($$$"""{"action":"set","node":{"key":"/a","value":"{{{escaped}}}","modifiedIndex":1,"createdIndex":1}}""" + "\n", json);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_shown_as_replacements_and_kept()
    {
        byte[] bytes = [(byte)'a', 0xff, 0xc3, (byte)'b', 0xf0, 0x9f, 0x98, 0x80];
        string text = RawText.Decode(bytes);

        Assert.Equal(bytes, RawText.Encode(text));
        Assert.Contains("\"value\":\"a\\ufffd\\ufffdb😀\"", Text(EtcdJson.WriteEvent(new KeyEvent("get", new KeyNode { Key = "/a", Value = text }))), StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_reads_back_as_it_was_written()
    {
        var file = new KeyNode
        {
            Key = "/d/a",
            Value = "",
            TtlSeconds = 5,
            Expiration = new DateTimeOffset(2026, 11, 23, 1, 2, 3, 450, TimeSpan.Zero),
            ModifiedIndex = 7,
            CreatedIndex = 6,
        };
        string json = Text(EtcdJson.WriteEvent(new KeyEvent("get", new KeyNode { Key = "/d", IsDirectory = true, Nodes = [file], ModifiedIndex = 6, CreatedIndex = 6 }, file)));
        const string File = """{"key":"/d/a","value":"","expiration":"2026-11-23T01:02:03.45Z","ttl":5,"modifiedIndex":7,"createdIndex":6}""";
        Assert.Equal($$"""{"action":"get","node":{"key":"/d","dir":true,"nodes":[{{File}}],"modifiedIndex":6,"createdIndex":6},"prevNode":{{File}}}""" + "\n", json);

        var read = EtcdJson.ReadEvent(Encoding.UTF8.GetBytes(json));

        Assert.Equal(file, read.PrevNode! with { Nodes = file.Nodes });
        Assert.Equal("/d/a", Assert.Single(read.Node.Nodes).Key);
    }

    [Fact]
    public void An_error_reads_back_and_other_JSON_is_none()
    {
        var error = new EtcdError(EtcdErrorCode.KeyNotFound, "/a", 7);
        byte[] json = EtcdJson.WriteError(error);
        Assert.Equal("""{"errorCode":100,"message":"Key not found","cause":"/a","index":7}""" + "\n", Text(json));
        Assert.Equal(error.ToString(), EtcdJson.ReadError(json)!.ToString());
        Assert.Null(EtcdJson.ReadError("""{"message":"Not found"}"""u8));
        Assert.Null(EtcdJson.ReadError("<html>"u8));
    }

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
