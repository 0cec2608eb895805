using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>0.4's settings of the cluster, kept at its key <c>/_etcd/config</c>: how many members it has, and when a lost one loses its place.</summary>
internal sealed record AdminConfig(int ActiveSize, double RemoveDelay, double SyncInterval)
{
    private const string Key = "/_etcd/config";

    public static AdminConfig Default { get; } = new(9, 1800, 5);

    /// <summary>Whether somebody asked for 0.4's ways; without that no member ever loses its place by itself, as in etcd 2.</summary>
    public static bool IsSet(StoreView view) => view.Keys.Find(["_etcd", "config"]) is not null;

    /// <summary>As stored; the defaults where it is not, or is no such JSON.</summary>
    public static AdminConfig Of(StoreView view) =>
        view.Keys.Find(["_etcd", "config"])?.Value is { } stored ? Default.With(Encoding.UTF8.GetBytes(stored)) ?? Default : Default;

    public StoreCommand ToCommand(DateTimeOffset now) => new(StoreAction.Set, Key, now) { Value = ToJson() };

    /// <summary>With the numbers of a JSON object, each raised to its minimum; anything else in it is passed over. Null when it is no JSON.</summary>
    public AdminConfig? With(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            var root = JsonElement.ParseValue(ref reader);
            return root.ValueKind != JsonValueKind.Object ? null : new AdminConfig(
                (int)Math.Clamp(Number(root, "activeSize") ?? ActiveSize, 3, int.MaxValue),
                Math.Max(2, Number(root, "removeDelay") ?? RemoveDelay),
                Math.Max(1, Number(root, "syncInterval") ?? SyncInterval));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string ToJson() => Encoding.UTF8.GetString(EtcdJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("activeSize"u8, ActiveSize);
        writer.WriteNumber("removeDelay"u8, RemoveDelay);
        writer.WriteNumber("syncInterval"u8, SyncInterval);
        writer.WriteEndObject();
    }));

    private static double? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
