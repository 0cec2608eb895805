using System.Text;
using System.Text.Json;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl;

/// <summary>An answer about a key in one of the three output formats.</summary>
internal sealed class KeyPrinter(AppletContext context, string format)
{
    public const string Simple = "simple";
    public const string Json = "json";

    public AppletContext Context => context;

    /// <summary>The request was done all the same: a format that does not exist is no failure.</summary>
    public void Print(KeyResponse response)
    {
        switch (format)
        {
            case Simple:
                context.Out.WriteLine(response.Event.Action == "delete"
                    ? $"PrevNode.Value: {response.Event.PrevNode?.Value}"
                    : response.Node.Value);
                break;
            case "extended":
                context.Out.Write(Extended(response));
                break;
            case Json:
                context.Out.WriteLine(JsonOf(response.Event));
                break;
            default:
                context.Error.WriteLine($"Unsupported output format: {format}");
                break;
        }
    }

    private static string Extended(KeyResponse response)
    {
        var node = response.Node;
        string previous = response.Event.PrevNode is { } before ? $"PrevNode.Value: {before.Value}\n" : "";
        string value = response.Event.Action == "delete" ? "" : $"\n{node.Value}\n";
        return $"Key: {node.Key}\nCreated-Index: {node.CreatedIndex}\nModified-Index: {node.ModifiedIndex}\n{previous}"
            + $"TTL: {node.TtlSeconds}\nIndex: {response.EtcdIndex}\n{value}";
    }

    /// <summary>The client's own form, not the server's: another order, and value, nodes and prevNode are always there.</summary>
    private static string JsonOf(KeyEvent occurred) => Encoding.UTF8.GetString(EtcdJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("action"u8, occurred.Action);
        writer.WritePropertyName("node"u8);
        WriteNode(writer, occurred.Node);
        writer.WritePropertyName("prevNode"u8);
        WriteNode(writer, occurred.PrevNode);
        writer.WriteEndObject();
    }));

    private static void WriteNode(Utf8JsonWriter writer, KeyNode? node)
    {
        if (node is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("key"u8, node.Key);
        if (node.IsDirectory)
        {
            writer.WriteBoolean("dir"u8, true);
        }

        writer.WriteString("value"u8, node.Value ?? "");
        writer.WritePropertyName("nodes"u8);
        WriteNodes(writer, node);
        writer.WriteNumber("createdIndex"u8, node.CreatedIndex);
        writer.WriteNumber("modifiedIndex"u8, node.ModifiedIndex);
        if (node.Expiration is { } expiration)
        {
            writer.WriteString("expiration"u8, EtcdJson.FormatTime(expiration));
        }

        if (node.TtlSeconds != 0)
        {
            writer.WriteNumber("ttl"u8, node.TtlSeconds);
        }

        writer.WriteEndObject();
    }

    private static void WriteNodes(Utf8JsonWriter writer, KeyNode node)
    {
        if (node.Nodes.IsDefaultOrEmpty)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartArray();
        foreach (var child in node.Nodes)
        {
            WriteNode(writer, child);
        }

        writer.WriteEndArray();
    }
}
