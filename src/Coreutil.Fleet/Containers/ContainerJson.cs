using System.Text.Json;

namespace Coreutil.Fleet.Containers;

/// <summary>
/// The container of a unit's state, in the registry and in the API alike: one member of our own in the original's object, whose readers pass over it. A
/// unit without a container has none, so that its state stays as the original writes it.
/// </summary>
internal static class ContainerJson
{
    private const string Member = "x-container";

    public static void Write(Utf8JsonWriter json, Container? container)
    {
        if (container is null)
        {
            return;
        }

        json.WriteStartObject(Member);
        json.WriteString("name", container.Name);
        json.WriteString("status", container.Status);
        if (container.Health is { } health)
        {
            json.WriteString("health", health);
        }

        json.WriteNumber("restarts", container.Restarts);
        json.WriteStartArray("ports");
        foreach (var port in container.Ports)
        {
            json.WriteStartObject();
            json.WriteString("hostIP", port.HostIp);
            json.WriteNumber("hostPort", port.HostPort);
            json.WriteNumber("containerPort", port.ContainerPort);
            json.WriteString("protocol", port.Protocol);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Null where none stands there.</summary>
    /// <exception cref="KeyNotFoundException">It lacks something.</exception>
    /// <exception cref="InvalidOperationException">It is of another form.</exception>
    public static Container? Read(JsonElement state) => !state.TryGetProperty(Member, out var container) ? null : new(
        Text(container, "name"),
        Text(container, "status"),
        container.TryGetProperty("health", out var health) ? health.GetString() : null,
        container.GetProperty("restarts").GetInt64(),
        [.. container.GetProperty("ports").EnumerateArray().Select(port => new PublishedPort(
            Text(port, "hostIP"), port.GetProperty("hostPort").GetInt32(), port.GetProperty("containerPort").GetInt32(), Text(port, "protocol")))]);

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
