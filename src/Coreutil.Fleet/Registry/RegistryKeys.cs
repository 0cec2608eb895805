namespace Coreutil.Fleet.Registry;

/// <summary>Where everything is kept, in fleet 1.0's layout. Keys of our own may only be added where the original ignores them.</summary>
public sealed class RegistryKeys(string prefix)
{
    public string Root { get; } = "/" + prefix.Trim('/');

    public string EngineVersion => $"{Root}/engine/version";

    public string Lease => $"{Root}/lease/engine-leader";

    public string MachineObject(string machineId) => $"{Root}/machines/{machineId}/object";

    public string MachineMetadata(string machineId, string key) => $"{Root}/machines/{machineId}/metadata/{key}";

    public string Unit(string hash) => $"{Root}/unit/{hash}";

    public string Job(string name) => $"{Root}/job/{name}";

    public string JobObject(string name) => $"{Root}/job/{name}/object";

    public string TargetState(string name) => $"{Root}/job/{name}/target-state";

    public string Target(string name) => $"{Root}/job/{name}/target";

    public string Heartbeat(string name) => $"{Root}/job/{name}/job-state";

    public string State(string name, string machineId) => $"{Root}/states/{name}/{machineId}";

    /// <summary>Written for older readers; for a global unit the last machine wins.</summary>
    public string LegacyState(string name) => $"{Root}/state/{name}";
}
