using System.Collections.Frozen;
using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

public enum SocketKind
{
    Stream,
    Datagram,
    SequentialPacket,
    Fifo,
}

public sealed record SocketSettings
{
    /// <summary>The service that gets the sockets; with <see cref="Accepts"/> the template of which each connection gets an instance.</summary>
    public required string Service { get; init; }

    public ImmutableArray<(SocketKind Kind, string Address)> Listens { get; init; } = [];

    public bool Accepts { get; init; }

    public int MaxConnections { get; init; } = 64;

    public uint Mode { get; init; } = 0x1B6;

    public uint DirectoryMode { get; init; } = 0x1ED;

    public string? User { get; init; }

    public string? Group { get; init; }

    public bool IsRemovedOnStop { get; init; }

    public int Backlog { get; init; } = 4096;

    public string DescriptorName { get; init; } = "";
}

/// <summary>[Socket] (systemd.socket(5)).</summary>
internal static class SocketReader
{
    private static readonly FrozenDictionary<string, SocketKind> _kinds = new Dictionary<string, SocketKind>
    {
        ["ListenStream"] = SocketKind.Stream,
        ["ListenDatagram"] = SocketKind.Datagram,
        ["ListenSequentialPacket"] = SocketKind.SequentialPacket,
        ["ListenFIFO"] = SocketKind.Fifo,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static UnitDefinition Read(UnitDefinition definition, UnitSection section, List<string> problems)
    {
        bool accepts = section.Flag("Accept", false);
        string stem = UnitName.WithoutSuffix(definition.Name);
        var defaults = new SocketSettings { Service = accepts ? $"{stem}@.service" : section.Text("Service") ?? $"{stem}.service" };
        var socket = defaults with
        {
            Listens = [.. section.List(_kinds.Keys).Select(listen => (_kinds[listen.Setting], section.Expand(listen.Value)))],
            Accepts = accepts,
            MaxConnections = section.Number("MaxConnections") ?? defaults.MaxConnections,
            Mode = section.Mode("SocketMode") ?? defaults.Mode,
            DirectoryMode = section.Mode("DirectoryMode") ?? defaults.DirectoryMode,
            User = section.Text("SocketUser"),
            Group = section.Text("SocketGroup"),
            IsRemovedOnStop = section.Flag("RemoveOnStop", false),
            Backlog = section.Number("Backlog") ?? defaults.Backlog,
            DescriptorName = section.Text("FileDescriptorName") ?? definition.Name,
        };
        if (socket.Listens.IsEmpty)
        {
            problems.Add("Unit has no Listen setting (ListenStream=, ListenDatagram=, ListenFIFO=, ...). Refusing.");
        }

        if (accepts && socket.Listens.Any(listen => listen.Kind is not (SocketKind.Stream or SocketKind.SequentialPacket)))
        {
            problems.Add("Unit configured for accepting sockets, but sockets are non-accepting. Refusing.");
        }

        return accepts
            ? definition with { Socket = socket }
            : definition with { Socket = socket, Dependencies = definition.Dependencies with { Triggers = [socket.Service], Before = definition.Dependencies.Before.Add(socket.Service) } };
    }
}
