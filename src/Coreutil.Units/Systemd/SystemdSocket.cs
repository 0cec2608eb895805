using System.Collections.Immutable;
using Coreutil.Units.Systemd.DBus;

namespace Coreutil.Units.Systemd;

/// <summary>A socket on which systemd's manager answers.</summary>
/// <param name="Path">The unix socket.</param>
/// <param name="IsBus">A message bus with names; else systemd itself, to which everything goes without a name.</param>
public readonly record struct SystemdSocket(string Path, bool IsBus)
{
    private const string SystemBus = "/run/dbus/system_bus_socket";
    private const string SystemPrivate = "/run/systemd/private";

    /// <summary>Where to try, in order: the bus first, as fleet does; systemd's own socket where the host has no bus.</summary>
    public static ImmutableArray<SystemdSocket> Candidates(bool isUser, Func<string, string?> variable)
    {
        if (!isUser)
        {
            string bus = variable("DBUS_SYSTEM_BUS_ADDRESS") is { } given && DBusAddress.SocketPath(given) is { } path ? path : SystemBus;
            return [new(bus, IsBus: true), new(SystemPrivate, IsBus: false)];
        }

        string? session = variable("DBUS_SESSION_BUS_ADDRESS") is { } address ? DBusAddress.SocketPath(address) : null;
        string? runtime = variable("XDG_RUNTIME_DIR");
        return
        [
            .. session is not null ? (SystemdSocket[])[new(session, IsBus: true)] : [],
            .. runtime is not null ? (SystemdSocket[])[new($"{runtime}/bus", IsBus: true), new($"{runtime}/systemd/private", IsBus: false)] : [],
        ];
    }
}
