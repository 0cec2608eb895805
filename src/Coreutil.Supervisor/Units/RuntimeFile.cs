using System.Text.Json;
using System.Text.Json.Serialization;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Units;

/// <summary>What the next unitd must know of a running service.</summary>
internal sealed record RuntimeState(ServiceState State, DateTimeOffset Since, int? MainPid, ulong MainStartTime, string Invocation, int RestartCount = 0);

[JsonSerializable(typeof(RuntimeState))]
internal sealed partial class RuntimeStateJson : JsonSerializerContext;

/// <summary>The file of one service's <see cref="RuntimeState"/>; written only when something changed.</summary>
internal sealed class RuntimeFile(string path)
{
    private RuntimeState? _written;

    /// <summary>Null where there is none, or what a crash left of one.</summary>
    public RuntimeState? Read()
    {
        try
        {
            return File.Exists(path) ? _written = JsonSerializer.Deserialize(File.ReadAllText(path), RuntimeStateJson.Default.RuntimeState) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Write(RuntimeState state)
    {
        if (state == _written)
        {
            return;
        }

        string half = path + ".new";
        File.WriteAllText(half, JsonSerializer.Serialize(state, RuntimeStateJson.Default.RuntimeState));
        File.Move(half, path, overwrite: true);
        _written = state;
    }

    public void Delete()
    {
        File.Delete(path);
        _written = null;
    }
}
