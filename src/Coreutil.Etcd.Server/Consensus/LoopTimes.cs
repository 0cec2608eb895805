namespace Coreutil.Etcd.Server.Consensus;

/// <summary>How the loop measures time.</summary>
/// <param name="Tick">The heartbeat interval.</param>
internal sealed record LoopTimes(TimeSpan Tick, TimeSpan Election)
{
    /// <summary>How long a request waits for its outcome: 5 s for the disks and two elections, as in etcd.</summary>
    public TimeSpan Request => TimeSpan.FromSeconds(5) + (2 * Election);

    /// <summary>How long a leader whose disk hangs goes on to be one: then another should take over.</summary>
    public TimeSpan LongestDiskWait => TimeSpan.FromSeconds(Math.Max(5, 5 * Election.TotalSeconds));
}
