using System.Globalization;
using Docker.DotNet.Models;

namespace Coreutil.Fleet.Containers;

/// <summary>What counts of Docker's answer to an inspection.</summary>
internal static class InspectedContainer
{
    public static Container Read(string name, ContainerInspectResponse response) => new(
        name,
        response.State?.Status ?? "",
        // A container without a health check has none, or one that says «none».
        response.State?.Health?.Status is { Length: > 0 } health and not "none" ? health : null,
        response.RestartCount,
        [.. (response.NetworkSettings?.Ports ?? new Dictionary<string, IList<PortBinding>>()).SelectMany(port => ReadPort(port.Key, port.Value))
            .OrderBy(port => port.ContainerPort).ThenBy(port => port.Protocol, StringComparer.Ordinal).ThenBy(port => port.HostIp, StringComparer.Ordinal).ThenBy(port => port.HostPort)]);

    /// <param name="port"><c>8080/tcp</c>.</param>
    /// <param name="bindings">Null where the port is exposed and not published.</param>
    private static IEnumerable<PublishedPort> ReadPort(string port, IList<PortBinding>? bindings)
    {
        string[] halves = port.Split('/');
        foreach (var binding in bindings ?? [])
        {
            if (TryReadNumber(halves[0], out int inside) && TryReadNumber(binding.HostPort, out int outside))
            {
                yield return new(binding.HostIP ?? "", outside, inside, halves.ElementAtOrDefault(1) ?? "tcp");
            }
        }
    }

    private static bool TryReadNumber(string? text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
