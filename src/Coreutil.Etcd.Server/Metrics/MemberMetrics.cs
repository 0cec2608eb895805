using System.Collections.Concurrent;
using System.Globalization;

namespace Coreutil.Etcd.Server.Metrics;

/// <summary>What a member counts of itself, under etcd's names where etcd has one (etcd.md §2).</summary>
internal sealed class MemberMetrics
{
    private static readonly string[] _methods = ["DELETE", "GET", "HEAD", "POST", "PUT"];

    private readonly long[] _received = new long[_methods.Length];
    private readonly ConcurrentDictionary<(int Status, string Method), long> _failed = new();
    private readonly Histogram[] _successful =
    [
        .. _methods.Select(_ => new Histogram(
            "etcd_http_successful_duration_second", "Bucketed histogram of processing time (s) of successfully handled events (non-watches), by method.", 0.0005, 13)),
    ];

    private long _failedProposals;
    private long _watches;
    private long _slowWatches;
    private long _leaderChanges;
    private long _unsentMessages;
    private int _hasLeader;

    public Histogram WalSync { get; } = new("etcd_wal_fsync_durations_seconds", "The latency distributions of fsync called by wal.", 0.001, 14);

    public Histogram SnapshotSave { get; } = new("etcd_snapshot_save_total_durations_seconds", "The total latency distributions of save called by snapshot.", 0.001, 14);

    public Histogram PeerLatency { get; } = new(
        "etcd_rafthttp_message_sent_latency_seconds", "From an append to another member to its answer that it is on its disk.", 0.0005, 14);

    public Histogram Applies { get; } = new("etcd_server_apply_durations_seconds", "The latency distributions of applying a batch of committed entries.", 0.00005, 14);

    public Histogram Proposals { get; } = new("etcd_server_proposal_durations_seconds", "The latency distributions of committing proposal.", 0.001, 14);

    public void CountReceived(string method) => Interlocked.Increment(ref _received[Array.IndexOf(_methods, method)]);

    public void CountFailed(int status, string method) => _failed.AddOrUpdate((status, method), 1, (_, count) => count + 1);

    public void ObserveSuccess(string method, TimeSpan took) => _successful[Array.IndexOf(_methods, method)].Observe(took);

    public void CountFailedProposal() => Interlocked.Increment(ref _failedProposals);

    public void CountLeaderChange(bool hasLeader)
    {
        Volatile.Write(ref _hasLeader, hasLeader ? 1 : 0);
        if (hasLeader)
        {
            Interlocked.Increment(ref _leaderChanges);
        }
    }

    public void CountUnsentMessage() => Interlocked.Increment(ref _unsentMessages);

    public void CountWatch() => Interlocked.Increment(ref _watches);

    public void CountSlowWatch() => Interlocked.Increment(ref _slowWatches);

    public void WriteTo(TextWriter output)
    {
        WriteHead(output, "etcd_http_received_total", "counter", "Counter of requests received into the system (successfully parsed and authd).");
        foreach (var (i, method) in _methods.Index())
        {
            WriteSample(output, "etcd_http_received_total", $"method=\"{method}\"", Interlocked.Read(ref _received[i]));
        }

        WriteHead(output, "etcd_http_failed_total", "counter", "Counter of handle failures of requests (non-watches), by method (GET/PUT etc.) and code (400, 500 etc.).");
        foreach (var ((status, method), count) in _failed.OrderBy(failed => failed.Key))
        {
            WriteSample(output, "etcd_http_failed_total", string.Create(CultureInfo.InvariantCulture, $"code=\"{status}\",method=\"{method}\""), count);
        }

        foreach (var (i, method) in _methods.Index())
        {
            _successful[i].WriteTo(output, $"method=\"{method}\"", withHead: i == 0);
        }

        WriteValue(output, "etcd_server_has_leader", "gauge", "Whether or not a leader exists. 1 is existence, 0 is not.", Volatile.Read(ref _hasLeader));
        WriteValue(output, "etcd_server_leader_changes_seen_total", "counter", "The number of leader changes seen.", Interlocked.Read(ref _leaderChanges));
        Proposals.WriteTo(output);
        Applies.WriteTo(output);
        PeerLatency.WriteTo(output);
        WriteValue(output, "etcd_rafthttp_message_sent_failed_total", "counter", "The total number of messages to other members that could not be sent.", Interlocked.Read(ref _unsentMessages));
        WriteValue(output, "etcd_server_proposal_failed_total", "counter", "The total number of failed proposals.", Interlocked.Read(ref _failedProposals));
        WriteValue(output, "etcd_store_watch_requests_total", "counter", "Total number of incoming watch requests (new or reestablished).", Interlocked.Read(ref _watches));
        WriteValue(output, "etcd_store_slow_watchers_ended_total", "counter", "Total number of watches ended because their reader fell behind.", Interlocked.Read(ref _slowWatches));
        WalSync.WriteTo(output);
        SnapshotSave.WriteTo(output);
    }

    public static void WriteHead(TextWriter output, string name, string type, string help)
    {
        output.WriteLine($"# HELP {name} {help}");
        output.WriteLine($"# TYPE {name} {type}");
    }

    public static void WriteSample(TextWriter output, string name, string label, double value) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}{{{label}}} {value}"));

    public static void WriteValue(TextWriter output, string name, string type, string help, double value)
    {
        WriteHead(output, name, type, help);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {value}"));
    }
}
