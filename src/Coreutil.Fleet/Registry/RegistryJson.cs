using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Coreutil.Etcd.Api;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Registry;

/// <summary>The values of the registry's keys, byte for byte as fleet 1.0 writes them. Readers return null for text that is none of it.</summary>
internal static class RegistryJson
{
    /// <summary>Members of ours: the original's readers pass over what they do not know.</summary>
    private const string InstanceMember = "x-instance";

    private const string NativeMember = "x-native";
    private static readonly JsonWriterOptions _options = new() { Encoder = GoJsonEncoder.Instance };

    public static string WriteMachine(MachineState machine) => Write(json =>
    {
        json.WriteString("ID", machine.Id);
        json.WriteString("PublicIP", machine.PublicIp);
        json.WriteStartObject("Metadata");
        foreach (var (key, value) in machine.Metadata)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
        json.WriteStartObject("Capabilities");
        json.WriteBoolean("DISABLE_ENGINE", machine.IsEngineDisabled);
        json.WriteBoolean("GRPC", false);
        json.WriteEndObject();
        json.WriteString("Version", machine.Version);
        if (machine.IsNative)
        {
            json.WriteString(InstanceMember, machine.Instance);
        }
    });

    public static MachineState? ReadMachine(string id, string text) => Read(text, root => new MachineState
    {
        Id = id,
        PublicIp = Text(root, "PublicIP") ?? "",
        Metadata = root.TryGetProperty("Metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
            ? metadata.EnumerateObject().ToImmutableSortedDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "", StringComparer.Ordinal)
            : MachineState.NoMetadata,
        IsEngineDisabled = root.TryGetProperty("Capabilities", out var capabilities) && capabilities.ValueKind == JsonValueKind.Object
            && capabilities.TryGetProperty("DISABLE_ENGINE", out var disabled) && disabled.ValueKind == JsonValueKind.True,
        Version = Text(root, "Version") ?? "",
        Instance = Text(root, InstanceMember) ?? "",
        IsNative = root.TryGetProperty(InstanceMember, out _),
    });

    public static string WriteUnit(StoredUnit unit) => Write(json => json.WriteString("Raw", unit.Text));

    public static string? ReadUnit(string text) => Read(text, root => Text(root, "Raw"));

    /// <summary>The hash is an array of twenty numbers: what Go makes of a [20]byte.</summary>
    public static string WriteJobObject(string name, string hash) => Write(json =>
    {
        json.WriteString("Name", name);
        json.WriteStartArray("UnitHash");
        foreach (byte part in Convert.FromHexString(hash))
        {
            json.WriteNumberValue(part);
        }

        json.WriteEndArray();
    });

    public static string? ReadJobHash(string text) => Read(text, root =>
        root.TryGetProperty("UnitHash", out var hash) && hash.ValueKind == JsonValueKind.Array
            ? Convert.ToHexStringLower([.. hash.EnumerateArray().Select(part => part.GetByte())])
            : null);

    public static string WriteState(PublishedState state) => Write(json =>
    {
        json.WriteString("loadState", state.State.LoadState);
        json.WriteString("activeState", state.State.ActiveState);
        json.WriteString("subState", state.State.SubState);
        json.WriteStartObject("machineState");
        json.WriteString("ID", state.MachineId);
        json.WriteString("PublicIP", "");
        json.WriteNull("Metadata");
        json.WriteNull("Capabilities");
        json.WriteString("Version", "");
        json.WriteEndObject();
        json.WriteString("unitHash", state.UnitHash);
        ContainerJson.Write(json, state.Container);
    });

    public static PublishedState? ReadState(string unitName, string machineId, string text) => Read(text, root => new PublishedState(
        unitName,
        machineId,
        new(Text(root, "loadState") ?? "", Text(root, "activeState") ?? "", Text(root, "subState") ?? ""),
        Text(root, "unitHash") ?? "")
    {
        Container = ContainerJson.Read(root),
    });

    /// <param name="isNative">The holder writes assignments.</param>
    public static string WriteLease(string machineId, int version, bool isNative) => Write(json =>
    {
        json.WriteString("MachineID", machineId);
        json.WriteNumber("Version", version);
        if (isNative)
        {
            json.WriteBoolean(NativeMember, true);
        }
    });

    /// <summary>A value that is no JSON is a machine ID of the first protocol.</summary>
    public static LeaseHolder ReadLease(string text) =>
        Read(text, root => new LeaseHolder(
            Text(root, "MachineID") ?? "",
            root.TryGetProperty("Version", out var version) ? version.GetInt32() : 0,
            root.TryGetProperty(NativeMember, out var native) && native.ValueKind == JsonValueKind.True))
        ?? new(text, 0, IsNative: false);

    public static string WriteAssignment(Assignment assignment) => Write(json =>
    {
        json.WriteBoolean("standby", assignment.IsStandby);
        json.WriteStartArray("units");
        foreach (var unit in assignment.Units)
        {
            json.WriteStartObject();
            json.WriteString("name", unit.Name);
            json.WriteString("hash", unit.Hash);
            json.WriteString("state", unit.TargetState.ToWireName());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static Assignment? ReadAssignment(string text) => Read(text, root => new Assignment(
        root.GetProperty("standby").GetBoolean(),
        [.. root.GetProperty("units").EnumerateArray().Select(unit => new DesiredUnit(
            Text(unit, "name") ?? throw new FormatException("a unit without a name"),
            Text(unit, "hash") ?? throw new FormatException("a unit without a hash"),
            TargetStateNames.Parse(Text(unit, "state")) ?? throw new FormatException("a unit without a state")))]));

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Write(Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static T? Read<T>(string text, Func<JsonElement, T?> read)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? read(document.RootElement) : default;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return default;
        }
    }
}
