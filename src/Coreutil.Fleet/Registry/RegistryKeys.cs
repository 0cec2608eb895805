namespace Coreutil.Fleet.Registry;

/// <summary>
/// Where everything is kept, in fleet 1.0's layout. Keys of our own have names with <c>x-</c> and stand only where the original does not look:
/// beside its directories, and inside a machine's.
/// </summary>
public sealed class RegistryKeys(string prefix)
{
    public string Root { get; } = "/" + prefix.Trim('/');

    public string EngineVersion => $"{Root}/engine/version";

    public string Lease => $"{Root}/lease/engine-leader";

    public string MachineObject(string machineId) => $"{Root}/machines/{machineId}/object";

    public string MachineMetadata(string machineId, string key) => $"{Root}/machines/{machineId}/metadata/{key}";

    /// <summary>Where the machine's own API is reached.</summary>
    public string MachineApi(string machineId) => $"{Root}/machines/{machineId}/x-api";

    /// <summary>Stands while a machine that is away is known not to come back: it left gracefully, or an operator said so.</summary>
    public string MachineGone(string machineId) => $"{Root}/machines/{machineId}/x-gone";

    /// <summary>What the engine wants of one machine; the only key its agent watches.</summary>
    public string Assignment(string machineId) => $"{Root}/x-assigned/{machineId}";

    public string Unit(string hash) => $"{Root}/unit/{hash}";

    public string Job(string name) => $"{Root}/job/{name}";

    public string JobObject(string name) => $"{Root}/job/{name}/object";

    public string TargetState(string name) => $"{Root}/job/{name}/target-state";

    public string Target(string name) => $"{Root}/job/{name}/target";

    public string Heartbeat(string name) => $"{Root}/job/{name}/job-state";

    public string State(string name, string machineId) => $"{Root}/states/{name}/{machineId}";

    /// <summary>Written where a machine of the original is in the cluster, and read by none; for a global unit the last machine wins.</summary>
    public string LegacyState(string name) => $"{Root}/state/{name}";
}
