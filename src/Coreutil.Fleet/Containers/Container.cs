using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.Fleet.Containers;

/// <summary>A port of a container that the host answers on.</summary>
public readonly record struct PublishedPort(string HostIp, int HostPort, int ContainerPort, string Protocol)
{
    /// <summary>As <c>docker ps</c> writes it.</summary>
    public override string ToString()
    {
        string host = HostIp.Contains(':', StringComparison.Ordinal) ? $"[{HostIp}]" : HostIp;
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{HostPort}->{ContainerPort}/{Protocol}");
    }
}

/// <summary>What Docker says of a container.</summary>
/// <param name="Name">The name, without the slash Docker puts before it.</param>
/// <param name="Status">Docker's word: created, running, paused, restarting, removing, exited, dead.</param>
/// <param name="Health">starting, healthy or unhealthy; null where no health check is set.</param>
/// <param name="Restarts">How often Docker itself started it again, by its restart policy.</param>
/// <param name="Ports">The published ports, by container port.</param>
public sealed record Container(string Name, string Status, string? Health, long Restarts, ImmutableArray<PublishedPort> Ports)
{
    // An array is equal to itself only, and a container that was read again and is as before must not count as changed.
    public bool Equals(Container? other) =>
        other is not null && (Name, Status, Health, Restarts) == (other.Name, other.Status, other.Health, other.Restarts) && Ports.SequenceEqual(other.Ports);

    public override int GetHashCode() => HashCode.Combine(Name, Status, Health, Restarts, Ports.Length);

    /// <summary><c>paas-8080 running (healthy), restarts 0, ports 0.0.0.0:49153->8080/tcp</c>.</summary>
    public override string ToString()
    {
        string health = Health is null ? "" : $" ({Health})";
        string ports = Ports.IsEmpty ? "" : $", ports {string.Join(' ', Ports)}";
        return string.Create(CultureInfo.InvariantCulture, $"{Name} {Status}{health}, restarts {Restarts}{ports}");
    }
}
