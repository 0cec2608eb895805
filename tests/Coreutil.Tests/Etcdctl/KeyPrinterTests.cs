using System.Collections.Immutable;
using Coreutil.Applets.Etcdctl;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Etcdctl;

// etcd.md §6 "Key format".
public sealed class KeyPrinterTests
{
    private static readonly KeyNode _node = new() { Key = "/a", Value = "v", CreatedIndex = 5, ModifiedIndex = 6 };
    private static readonly KeyNode _before = new() { Key = "/a", Value = "<w>", CreatedIndex = 4, ModifiedIndex = 4 };
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    [Theory]
    [InlineData("set", "v\n")]
    [InlineData("delete", "PrevNode.Value: <w>\n")]
    // The node of these has no value, and the original looks at none but delete's.
    [InlineData("compareAndDelete", "\n")]
    [InlineData("expire", "\n")]
    public void Simple_is_the_value_or_what_a_delete_removed(string action, string printed)
    {
        Assert.Equal(printed, Print("simple", new(action, action == "set" ? _node : _node with { Value = null }, _before)));
    }

    [Fact]
    public void Extended_is_a_line_a_field_and_the_value()
    {
        Assert.Equal(
            "Key: /a\nCreated-Index: 5\nModified-Index: 6\nPrevNode.Value: <w>\nTTL: 60\nIndex: 9\n\nv\n",
            Print("extended", new("set", _node with { TtlSeconds = 60 }, _before)));
        Assert.Equal("Key: /a\nCreated-Index: 5\nModified-Index: 6\nPrevNode.Value: <w>\nTTL: 0\nIndex: 9\n", Print("extended", new("delete", _node, _before)));
    }

    [Fact]
    public void Json_has_the_clients_order_and_always_value_nodes_and_prevNode()
    {
        Assert.Equal(
            """{"action":"get","node":{"key":"/a","value":"v","nodes":null,"createdIndex":5,"modifiedIndex":6},"prevNode":null}""" + "\n",
            Print("json", new("get", _node)));
        Assert.Equal(
            """{"action":"get","node":{"key":"/","dir":true,"value":"","nodes":[{"key":"/a","value":"\u003cw\u003e","nodes":null,"createdIndex":4,"modifiedIndex":4}],"createdIndex":0,"modifiedIndex":0},"prevNode":null}""" + "\n",
            Print("json", new("get", new KeyNode { Key = "/", IsDirectory = true, Nodes = [_before] })));
    }

    [Fact]
    public void Another_format_is_told_on_stderr_and_prints_nothing()
    {
        Assert.Equal("", Print("xml", new("get", _node)));
        Assert.Equal("Unsupported output format: xml\n", _error.ToString());
    }

    private string Print(string format, KeyEvent occurred)
    {
        var context = new AppletContext
        {
            Out = _output,
            Error = _error,
            In = TextReader.Null,
            InvokedAs = "etcdctl",
            ExecutablePath = "",
            Environment = ImmutableDictionary<string, string>.Empty,
        };
        _output.GetStringBuilder().Clear();
        new KeyPrinter(context, format).Print(new KeyResponse(occurred, 9));
        return _output.ToString();
    }
}
