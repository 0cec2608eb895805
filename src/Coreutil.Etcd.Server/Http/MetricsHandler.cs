using System.Globalization;
using System.Text;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Metrics;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>/metrics as Prometheus reads it, and /debug/vars as Go's expvar shows it.</summary>
internal sealed class MetricsHandler(MemberContext member)
{
    private const string PrometheusText = "text/plain; version=0.0.4";

    public Task MetricsAsync(HttpContext context)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        member.Metrics.WriteTo(output);
        WriteStore(output);
        WriteServer(output);
        WriteProcess(output);
        return Reply.WriteAsync(context, StatusCodes.Status200OK, PrometheusText, Encoding.UTF8.GetBytes(output.ToString()));
    }

    public Task VariablesAsync(HttpContext context) => Reply.WriteAsync(
        context, StatusCodes.Status200OK, "application/json; charset=utf-8", EtcdJson.Write(writer =>
        {
            var memory = GC.GetGCMemoryInfo();
            writer.WriteStartObject();
            writer.WriteStartArray("cmdline"u8);
            foreach (string argument in Environment.GetCommandLineArgs())
            {
                writer.WriteStringValue(argument);
            }

            writer.WriteEndArray();
            writer.WriteNumber("file_descriptor_limit"u8, ProcessStatus.DescriptorLimit());
            writer.WriteStartObject("memstats"u8);
            writer.WriteNumber("Alloc"u8, GC.GetTotalMemory(forceFullCollection: false));
            writer.WriteNumber("TotalAlloc"u8, GC.GetTotalAllocatedBytes());
            writer.WriteNumber("Sys"u8, memory.TotalCommittedBytes);
            writer.WriteNumber("HeapAlloc"u8, memory.HeapSizeBytes);
            writer.WriteNumber("NumGC"u8, GC.CollectionCount(0));
            writer.WriteEndObject();
            writer.WriteStartObject("raft.status"u8);
            writer.WriteString("id"u8, member.Self.IdText);
            writer.WriteNumber("term"u8, member.Loop.Term);
            writer.WriteNumber("commit"u8, member.Loop.CommittedIndex);
            writer.WriteString("lead"u8, member.Loop.Status.Leader?.ToString() ?? "0");
            writer.WriteString("raftState"u8, StatusHandlers.StateOf(member.Loop.Status.Role));
            writer.WriteStartObject("progress"u8);
            foreach (var peer in member.Loop.Progress)
            {
                writer.WriteStartObject(peer.Id.ToString());
                writer.WriteNumber("match"u8, peer.Match);
                writer.WriteNumber("next"u8, peer.Next);
                writer.WriteString("state"u8, $"ProgressState{peer.Mode}");
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }, endsLine: true));

    private void WriteStore(StringWriter output)
    {
        foreach (var (name, help, isRead, isFailure) in ((string, string, bool, bool)[])
        [
            ("etcd_store_reads_total", "Total number of reads action by (get/getRecursive), local to this member.", true, false),
            ("etcd_store_reads_failed_total", "Failed read actions by (get/getRecursive), local to this member.", true, true),
            ("etcd_store_writes_total", "Total number of writes (e.g. set/compareAndDelete) seen by this member.", false, false),
            ("etcd_store_writes_failed_total", "Failed write actions (e.g. set/compareAndDelete), seen by this member.", false, true),
        ])
        {
            MemberMetrics.WriteHead(output, name, "counter", help);
            foreach (var (action, succeeded, failed) in member.Statistics.Counts().Where(count => count.Action == "get" == isRead))
            {
                MemberMetrics.WriteSample(output, name, $"action=\"{action}\"", isFailure ? failed : succeeded);
            }
        }

        MemberMetrics.WriteValue(output, "etcd_store_expires_total", "counter", "Total number of expired keys.", member.Statistics.Expired);
        MemberMetrics.WriteValue(output, "etcd_store_watchers", "gauge", "Count of currently active watchers.", member.Watchers.Count);
    }

    private void WriteServer(StringWriter output)
    {
        MemberMetrics.WriteValue(output, "etcd_server_is_leader", "gauge", "Whether or not this member is the leader. 1 if it is, 0 otherwise.", member.Loop.Status.IsLeader ? 1 : 0);
        MemberMetrics.WriteValue(output, "etcd_server_committed_index", "gauge", "The index of the last entry known to be committed.", member.Loop.CommittedIndex);
        MemberMetrics.WriteValue(output, "etcd_server_applied_index", "gauge", "The index of the last entry applied here.", member.Loop.AppliedIndex);
        MemberMetrics.WriteValue(output, "etcd_server_pending_proposal_total", "gauge", "The total number of pending proposals.", member.Loop.PendingCount);
        MemberMetrics.WriteValue(output, "etcd_server_file_descriptors_used_total", "gauge", "The total number of file descriptors used.", ProcessStatus.DescriptorsUsed());
        MemberMetrics.WriteValue(output, "etcd_wal_last_index_saved", "gauge", "The index of the last entry saved by wal.", member.Loop.AppliedIndex);
    }

    private void WriteProcess(StringWriter output)
    {
        MemberMetrics.WriteValue(output, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", Environment.CpuUsage.TotalTime.TotalSeconds);
        MemberMetrics.WriteValue(output, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", Environment.WorkingSet);
        MemberMetrics.WriteValue(output, "process_open_fds", "gauge", "Number of open file descriptors.", ProcessStatus.DescriptorsUsed());
        MemberMetrics.WriteValue(output, "process_max_fds", "gauge", "Maximum number of open file descriptors.", ProcessStatus.DescriptorLimit());
        MemberMetrics.WriteValue(
            output, "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", member.StartTime.ToUnixTimeMilliseconds() / 1000.0);
    }
}
