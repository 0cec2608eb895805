using System.Collections.Immutable;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Http;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>Why a change of members was not made; all members refuse it alike.</summary>
internal enum MembershipRefusal
{
    /// <summary>Removed ids are banned for ever: a removed member must not come back with its old log.</summary>
    IdRemoved,
    IdExists,
    IdNotFound,
    PeerUrlExists,
}

/// <summary>A change of members as the log carries it: what the core needs, who asked, and the peer URLs.</summary>
internal sealed record MembershipRecord(RequestOrigin Origin, MembershipChangeKind Kind, ulong Member, ImmutableArray<string> PeerUrls)
{
    public MembershipChange ToChange()
    {
        byte[] urls = EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            Api.Member.WriteUrls(writer, "peerURLs", PeerUrls);
            writer.WriteEndObject();
        });
        byte[] context = new byte[RequestOrigin.Size + urls.Length];
        Origin.WriteTo(context);
        urls.CopyTo(context, RequestOrigin.Size);
        return new MembershipChange(Kind, new NodeId(Member), context);
    }

    public static MembershipRecord Of(MembershipChange change)
    {
        var context = change.Context.Span;
        var origin = RequestOrigin.Read(context);
        var reader = new Utf8JsonReader(context[RequestOrigin.Size..]);
        var urls = JsonBody.Texts(JsonElement.ParseValue(ref reader), "peerURLs");
        return new MembershipRecord(origin, change.Kind, change.Member.Value, urls.IsDefault ? [] : urls);
    }

    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"{Kind} {Member:x} {string.Join(',', PeerUrls)}");
}
