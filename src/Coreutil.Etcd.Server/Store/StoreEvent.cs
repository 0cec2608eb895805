using System.Collections.Immutable;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>A change that happened, with what watchers need to know of it.</summary>
/// <param name="Removed">The directory that went with it, so that watchers of the keys below are told.</param>
internal sealed record StoreEvent(StoreSpace Space, KeyEvent Event, bool IsRefresh = false, StoreNode? Removed = null)
{
    public ulong Index => Event.Node.ModifiedIndex;
}

/// <summary>What became of a command: the event it made, or the refusal; an expiry makes any number of events.</summary>
internal sealed record StoreOutcome(ImmutableArray<StoreEvent> Events, EtcdError? Refusal, ulong Index)
{
    public KeyEvent? Event => Events.Length > 0 ? Events[0].Event : null;
}
