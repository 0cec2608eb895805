using System.Collections.Immutable;
using Coreutil.Raft;

namespace Coreutil.Etcd.Server.Store;

/// <summary>The store at one position of the log, with the newest of the events that led there.</summary>
internal sealed record StoreSnapshot(LogPosition Position, StoreView View, ImmutableArray<StoreEvent> History)
{
    /// <summary>What a snapshot keeps of the history; the log behind it adds to that after a restart.</summary>
    public static EventWindow HistoryWindow { get; } = new(10_000, 16 << 20);

    public static StoreSnapshot Empty { get; } = new(default, StoreView.Empty, []);

    public ulong HistoryStartsAfter => History.IsEmpty ? View.Index : History[0].Index - 1;
}
