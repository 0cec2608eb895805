using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl;

/// <summary>A machine as fleetctl's lists and messages show it: <c>164546f6.../172.18.1.1</c>.</summary>
internal static class MachineLegend
{
    public static string ShortId(string id, bool isFull) => isFull || id.Length <= 8 ? id : $"{id[..8]}...";

    /// <summary>A machine that is not in the list any more shows its ID alone.</summary>
    public static string Of(string id, IEnumerable<MachineEntry> machines, bool isFull) =>
        machines.FirstOrDefault(machine => machine.Id == id) is { PrimaryIp: { Length: > 0 } ip } ? $"{ShortId(id, isFull)}/{ip}" : ShortId(id, isFull);
}
