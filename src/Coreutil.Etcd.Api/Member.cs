using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Coreutil.Etcd.Api;

/// <summary>A member of the cluster as <c>/v2/members</c> shows it; one that was added but never started has no name and no client URLs.</summary>
public sealed record Member(ulong Id, string Name, ImmutableArray<string> PeerUrls, ImmutableArray<string> ClientUrls)
{
    /// <summary>Lower hex without padding, as everywhere in the API.</summary>
    public string IdText => Id.ToString("x", CultureInfo.InvariantCulture);

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, IdText);
        writer.WriteString("name"u8, Name);
        WriteUrls(writer, "peerURLs", PeerUrls);
        WriteUrls(writer, "clientURLs", ClientUrls);
        writer.WriteEndObject();
    }

    public static void WriteUrls(Utf8JsonWriter writer, string name, ImmutableArray<string> urls)
    {
        writer.WriteStartArray(name);
        foreach (string url in urls)
        {
            writer.WriteStringValue(url);
        }

        writer.WriteEndArray();
    }
}
