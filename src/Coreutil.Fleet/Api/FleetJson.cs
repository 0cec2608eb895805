using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;
using Coreutil.Fleet.Registry;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Api;

/// <summary>The JSON of fleet's v1 API: members in the original's order, left out when empty, no newline at the end.</summary>
internal static class FleetJson
{
    private static readonly JsonWriterOptions _options = new() { Encoder = GoJsonEncoder.Instance };

    public static byte[] Error(int status, string message) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteNumber("code", status);
        json.WriteString("message", message);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    public static byte[] Page<T>(string member, IReadOnlyCollection<T> items, string? nextPageToken, Action<Utf8JsonWriter, T> writeItem) => Write(json =>
    {
        json.WriteStartObject();
        if (items.Count > 0)
        {
            json.WriteStartArray(member);
            foreach (var item in items)
            {
                writeItem(json, item);
            }

            json.WriteEndArray();
        }

        if (nextPageToken is not null)
        {
            json.WriteString("nextPageToken", nextPageToken);
        }

        json.WriteEndObject();
    });

    public static byte[] One<T>(T item, Action<Utf8JsonWriter, T> writeItem) => Write(json => writeItem(json, item));

    public static void WriteMachine(Utf8JsonWriter json, MachineState machine)
    {
        json.WriteStartObject();
        WriteText(json, "id", machine.Id);
        if (!machine.Metadata.IsEmpty)
        {
            json.WriteStartObject("metadata");
            foreach (var (key, value) in machine.Metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        WriteText(json, "primaryIP", machine.PublicIp);
        json.WriteEndObject();
    }

    public static void WriteUnit(Utf8JsonWriter json, Job job, string? currentState)
    {
        json.WriteStartObject();
        WriteText(json, "currentState", currentState);
        json.WriteString("desiredState", job.TargetState.ToWireName());
        WriteText(json, "machineID", job.TargetMachine);
        json.WriteString("name", job.Name);
        var options = UnitText.Read(job.Unit.Text);
        if (!options.IsEmpty)
        {
            WriteOptions(json, options);
        }

        json.WriteEndObject();
    }

    private static void WriteOptions(Utf8JsonWriter json, ImmutableArray<UnitOption> options)
    {
        json.WriteStartArray("options");
        foreach (var option in options)
        {
            json.WriteStartObject();
            WriteText(json, "name", option.Name);
            WriteText(json, "section", option.Section);
            WriteText(json, "value", option.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteState(Utf8JsonWriter json, PublishedState state)
    {
        json.WriteStartObject();
        WriteText(json, "hash", state.UnitHash);
        WriteText(json, "machineID", state.MachineId);
        WriteText(json, "name", state.UnitName);
        WriteText(json, "systemdActiveState", state.State.ActiveState);
        WriteText(json, "systemdLoadState", state.State.LoadState);
        WriteText(json, "systemdSubState", state.State.SubState);
        ContainerJson.Write(json, state.Container);
        json.WriteEndObject();
    }

    /// <summary>The body of a PUT; without options it asks for the state only.</summary>
    public static byte[] UnitRequest(string name, string desiredState, ImmutableArray<UnitOption>? options) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("desiredState", desiredState);
        json.WriteString("name", name);
        if (options is { } list)
        {
            WriteOptions(json, list);
        }

        json.WriteEndObject();
    });

    public static void WriteReport(Utf8JsonWriter json, PlacementReport report)
    {
        json.WriteStartObject();
        json.WriteString("name", report.UnitName);
        WriteText(json, "machineID", report.MachineId);
        json.WriteString("summary", report.Summary);
        json.WriteStartArray("machines");
        foreach (var machine in report.Machines)
        {
            json.WriteStartObject();
            json.WriteString("id", machine.MachineId);
            WriteText(json, "obstacle", machine.Obstacle);
            json.WriteNumber("units", machine.Units);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static PlacementReport ReadReport(JsonElement root) => new(
        Text(root, "name") ?? "",
        Text(root, "machineID"),
        Text(root, "summary") ?? "",
        [.. root.GetProperty("machines").EnumerateArray().Select(machine => new MachineVerdict(
            Text(machine, "id") ?? "", Text(machine, "obstacle"), machine.GetProperty("units").GetInt32()))]);

    /// <exception cref="JsonException">The body is no unit.</exception>
    public static UnitBody ReadUnit(JsonElement root)
    {
        var options = ImmutableArray.CreateBuilder<UnitOption>();
        if (Member(root, "options") is { ValueKind: JsonValueKind.Array } array)
        {
            foreach (var option in array.EnumerateArray())
            {
                options.Add(new(Text(option, "section") ?? "", Text(option, "name") ?? "", Text(option, "value") ?? ""));
            }
        }

        return new(Text(root, "name"), Text(root, "desiredState"), options.ToImmutable());
    }

    /// <summary>Go's decoder finds members whatever their case; clients rely on it ("Value").</summary>
    public static JsonElement? Member(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException($"json: cannot unmarshal {Kind(element)} into Go value");
        }

        foreach (var member in element.EnumerateObject())
        {
            if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return member.Value;
            }
        }

        return null;
    }

    public static string? Text(JsonElement element, string name) => Member(element, name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } value => value.GetString() is { Length: > 0 } text ? text : null,
        { } other => throw new JsonException($"json: cannot unmarshal {Kind(other)} into Go struct field .{name} of type string"),
    };

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "bool",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteString(name, text);
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>What a client sends to make or change a unit; null for what it left out.</summary>
internal sealed record UnitBody(string? Name, string? DesiredState, ImmutableArray<UnitOption> Options);
