using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coreutil.Confd.Resources;
using Coreutil.Core.Files;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd;

/// <summary>How each resource and each reload fared: kept for the status file and for /metrics.</summary>
internal sealed class StatusBoard(string backend, string? file, ILogger log, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Lock _writing = new();
    private readonly SortedDictionary<string, Tally> _resources = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Tally> _reloads = new(StringComparer.Ordinal);

    public void Ran(ResourceFile resource, RunOutcome outcome, string? error)
    {
        lock (_gate)
        {
            Find(_resources, resource.Path, resource.Destination).Count(outcome == RunOutcome.Replaced, error, time.GetUtcNow());
        }
    }

    public void Reloaded(string command, string? error)
    {
        lock (_gate)
        {
            Find(_reloads, command, "").Count(isUpdate: error is null, error, time.GetUtcNow());
        }
    }

    /// <summary>Writes the status file, where there is to be one. That it cannot be written stops nothing.</summary>
    public void Save()
    {
        if (file is null)
        {
            return;
        }

        try
        {
            // Batches end side by side, and the file is staged under one name: the later one writes what is true by then.
            lock (_writing)
            {
                AtomicFile.WriteAllText(file, Encoding.UTF8.GetString(Json()));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Failed($"status file {file}: {failure.Message}");
        }
    }

    public byte[] Json()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("backend", backend);
            lock (_gate)
            {
                WriteAll(writer, "resources", "path", _resources);
                WriteAll(writer, "reloads", "command", _reloads);
            }

            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The text format of Prometheus.</summary>
    public string Metrics()
    {
        var text = new StringBuilder();
        lock (_gate)
        {
            AppendAll(text, "confd_resource", "dest", "updates", _resources.Values.Select(tally => (tally.Destination, tally)));
            AppendAll(text, "confd_reload", "command", "successes", _reloads.Select(pair => (pair.Key, pair.Value)));
        }

        return text.ToString();
    }

    private static Tally Find(SortedDictionary<string, Tally> tallies, string name, string destination)
    {
        if (!tallies.TryGetValue(name, out var tally))
        {
            tallies[name] = tally = new Tally();
        }

        tally.Destination = destination;
        return tally;
    }

    private static void WriteAll(Utf8JsonWriter writer, string title, string nameOf, SortedDictionary<string, Tally> tallies)
    {
        writer.WriteStartArray(title);
        foreach (var (name, tally) in tallies)
        {
            writer.WriteStartObject();
            writer.WriteString(nameOf, name);
            if (tally.Destination.Length > 0)
            {
                writer.WriteString("dest", tally.Destination);
            }

            writer.WriteNumber("runs", tally.Runs);
            writer.WriteNumber("updates", tally.Updates);
            writer.WriteNumber("failures", tally.Failures);
            writer.WriteString("last_run", tally.LastRun);
            if (tally.LastUpdate is { } updated)
            {
                writer.WriteString("last_update", updated);
            }

            writer.WriteString("error", tally.Error);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void AppendAll(
        StringBuilder text, string subject, string label, string updates, IEnumerable<(string Name, Tally Tally)> tallies)
    {
        var all = tallies.ToArray();
        Append(text, $"{subject}_runs_total", "counter", label, all, tally => tally.Runs);
        Append(text, $"{subject}_{updates}_total", "counter", label, all, tally => tally.Updates);
        Append(text, $"{subject}_failures_total", "counter", label, all, tally => tally.Failures);
        Append(text, $"{subject}_failing", "gauge", label, all, tally => tally.Error is null ? 0 : 1);
        Append(text, $"{subject}_last_run_seconds", "gauge", label, all, tally => tally.LastRun.ToUnixTimeSeconds());
    }

    private static void Append(
        StringBuilder text, string name, string type, string label, (string Name, Tally Tally)[] tallies, Func<Tally, long> number)
    {
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {type}\n");
        foreach (var (of, tally) in tallies)
        {
            string escaped = of.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"{name}{{{label}=\"{escaped}\"}} {number(tally)}\n");
        }
    }

    private sealed class Tally
    {
        public string Destination { get; set; } = "";

        public long Runs { get; private set; }

        public long Updates { get; private set; }

        public long Failures { get; private set; }

        public DateTimeOffset LastRun { get; private set; }

        public DateTimeOffset? LastUpdate { get; private set; }

        public string? Error { get; private set; }

        public void Count(bool isUpdate, string? error, DateTimeOffset now)
        {
            Runs++;
            Updates += isUpdate ? 1 : 0;
            Failures += error is null ? 0 : 1;
            LastRun = now;
            LastUpdate = isUpdate ? now : LastUpdate;
            Error = error;
        }
    }
}
