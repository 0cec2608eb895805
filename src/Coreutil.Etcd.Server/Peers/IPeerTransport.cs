using System.Collections.Immutable;
using Coreutil.Etcd.Api;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Peers;

/// <summary>How the loop speaks to the other members. Nothing here waits: what cannot go is dropped, as a network may.</summary>
internal interface IPeerTransport
{
    void Send(ImmutableArray<Message> messages);

    /// <summary>Sends the last heartbeats once more, which a network might do as well.</summary>
    void RepeatHeartbeats();

    /// <summary>Speaks from now on to these members, at these addresses, and to no others.</summary>
    void Follow(ImmutableArray<Member> members);

    /// <summary>Whether the way to a member was open all the time since; for this member itself, whether the ways to a quorum were.</summary>
    bool IsConnectedSince(NodeId member, DateTimeOffset since);
}
