using System.Net;
using System.Net.Sockets;
using Coreutil.Applets.Unitd;
using Coreutil.Core.Applets;
using Coreutil.Fleet;
using Coreutil.Supervisor;
using Coreutil.Units;

namespace Coreutil.Applets.Fleetd;

/// <summary>The unit manager this machine's fleetd drives: systemd where it runs, else the embedded supervisor.</summary>
internal static class LocalUnitManager
{
    /// <exception cref="FleetStartException">The chosen one is not there.</exception>
    public static async Task<IUnitManager> ConnectAsync(AppletContext context, FleetConfig config, CancellationToken cancel)
    {
        bool isSystemd = config.UnitManager == UnitManagerKind.Systemd
            || (config.UnitManager == UnitManagerKind.Auto && Directory.Exists("/run/systemd/system"));
        return isSystemd
            ? throw new FleetStartException("unit_manager systemd is not built yet: use unit_manager=embedded")
            : await ConnectEmbeddedAsync(context, config, cancel);
    }

    /// <summary>unitd is a process of its own, so that it and its units outlive this fleetd.</summary>
    /// <exception cref="FleetStartException">It cannot be started or reached.</exception>
    public static async Task<UnitdClient> ConnectEmbeddedAsync(AppletContext context, FleetConfig config, CancellationToken cancel)
    {
        try
        {
            var options = new UnitdOptions
            {
                StateDirectory = Path.GetFullPath(Path.Combine(config.StateDirectory, "unitd")),
                BinDirectory = LinkDirectory.Of(context),
                Address = IPAddress.TryParse(config.PublicIp, out var address) ? address : UnitdApplet.DefaultAddress(),
                EtcdEndpoint = await ResolveAsync(config.EtcdServers[0], cancel),
            };
            await UnitdClient.EnsureRunningAsync(options, context.ExecutablePath, UnitdApplet.Declaration.Name, context.Time, cancel);
            return new UnitdClient(options.SocketPath);
        }
        catch (Exception failure) when (failure is UnitdException or IOException or UnauthorizedAccessException or SocketException)
        {
            throw new FleetStartException($"cannot use the embedded supervisor: {failure.Message}", failure);
        }
    }

    private static async Task<IPEndPoint> ResolveAsync(Uri server, CancellationToken cancel) =>
        new((await Dns.GetHostAddressesAsync(server.Host, cancel))[0], server.Port);
}
