using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>The members of the cluster over HTTP. A refusal is thrown as <see cref="EtcdApiException"/>.</summary>
public sealed class MembersApi(EtcdHttpClient http)
{
    private const string Path = "/v2/members";

    public async Task<ImmutableArray<Member>> ListAsync(CancellationToken cancel)
    {
        using var list = await http.SendJsonAsync(new(HttpMethod.Get, Path), cancel, _ => true);
        return list.RootElement.TryGetProperty("members"u8, out var members) && members.ValueKind == JsonValueKind.Array
            ? [.. members.EnumerateArray().Select(Read)]
            : [];
    }

    public async Task<Member> LeaderAsync(CancellationToken cancel)
    {
        using var leader = await http.SendJsonAsync(new(HttpMethod.Get, Path + "/leader"), cancel);
        return Read(leader.RootElement);
    }

    public Task<Member> AddAsync(string peerUrl, CancellationToken cancel) => AddAsync([peerUrl], cancel);

    public async Task<Member> AddAsync(ImmutableArray<string> peerUrls, CancellationToken cancel)
    {
        using var added = await http.SendJsonAsync(new(HttpMethod.Post, Path) { Json = PeerUrls(peerUrls) }, cancel, status => status != HttpStatusCode.Conflict);
        return Read(added.RootElement);
    }

    public async Task RemoveAsync(string id, CancellationToken cancel)
    {
        using var removed = await http.SendJsonAsync(new(HttpMethod.Delete, $"{Path}/{id}"), cancel);
    }

    public async Task UpdateAsync(string id, ImmutableArray<string> peerUrls, CancellationToken cancel)
    {
        using var updated = await http.SendJsonAsync(new(HttpMethod.Put, $"{Path}/{id}") { Json = PeerUrls(peerUrls) }, cancel, status => status is not (HttpStatusCode.NotFound or HttpStatusCode.Conflict));
    }

    /// <summary>The client URLs of a cluster of etcd 0.4, whose answer is plain text; null where it has none either.</summary>
    public async Task<ImmutableArray<string>?> MachinesAsync(CancellationToken cancel)
    {
        var reply = await http.SendAsync(new(HttpMethod.Get, "/v2/machines"), cancel);
        return reply.IsSuccess ? [.. Encoding.UTF8.GetString(reply.Body).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] : null;
    }

    private static Member Read(JsonElement member) =>
        new(IdOf(Text(member, "id"u8)), Text(member, "name"u8), Texts(member, "peerURLs"u8), Texts(member, "clientURLs"u8));

    private static ulong IdOf(string hex) =>
        ulong.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : throw new JsonException("a member without an ID");

    private static string Text(JsonElement parent, ReadOnlySpan<byte> name) =>
        parent.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() ?? "" : "";

    private static ImmutableArray<string> Texts(JsonElement parent, ReadOnlySpan<byte> name) =>
        parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(text => text.GetString() ?? "")]
            : [];

    private static string PeerUrls(ImmutableArray<string> urls) => Encoding.UTF8.GetString(EtcdJson.Write(writer =>
    {
        writer.WriteStartObject();
        Member.WriteUrls(writer, "peerURLs", urls);
        writer.WriteEndObject();
    }));
}
