using System.Net;
using System.Net.Sockets;
using Coreutil.Applets.Unitd;
using Coreutil.Core.Applets;
using Coreutil.Fleet;
using Coreutil.Supervisor;
using Coreutil.Units;
using Coreutil.Units.Systemd;

namespace Coreutil.Applets.Fleetd;

/// <summary>Which unit manager this machine's fleetd drives, and how to make sure that it is there.</summary>
internal static class LocalUnitManager
{
    /// <summary>systemd where it runs, else the embedded supervisor; or the one that was asked for.</summary>
    public static IUnitManager Choose(AppletContext context, FleetConfig config)
    {
        bool isSystemd = config.UnitManager == UnitManagerKind.Systemd
            || (config.UnitManager == UnitManagerKind.Auto && (config.SystemdUser || Directory.Exists("/run/systemd/system")));
        return isSystemd
            ? new SystemdUnitManager(
                new SystemdOptions { UnitsDirectory = config.UnitsDirectory, IsUser = config.SystemdUser, Variable = context.Variable }, context.Time)
            : Embedded(config);
    }

    public static UnitdClient Embedded(FleetConfig config) => new(Path.Combine(StateDirectoryOf(config), UnitdOptions.SocketName));

    /// <summary>Starts unitd where none runs, or asks systemd whether it answers.</summary>
    /// <exception cref="FleetStartException">It cannot be started or reached.</exception>
    public static async Task EnsureRunningAsync(AppletContext context, FleetConfig config, IUnitManager manager, CancellationToken cancel)
    {
        try
        {
            if (manager is SystemdUnitManager systemd)
            {
                await systemd.PingAsync(cancel);
                return;
            }

            // unitd is a process of its own, so that it and its units outlive this fleetd.
            var options = new UnitdOptions
            {
                StateDirectory = StateDirectoryOf(config),
                UnitsDirectory = config.UnitsDirectory == FleetConfig.DefaultUnitsDirectory ? null : Path.GetFullPath(config.UnitsDirectory),
                BinDirectory = LinkDirectory.Of(context),
                Address = IPAddress.TryParse(config.PublicIp, out var address) ? address : UnitdApplet.DefaultAddress(),
                EtcdEndpoint = await ResolveAsync(config.EtcdServers[0], cancel),
            };
            await UnitdClient.EnsureRunningAsync(options, context.ExecutablePath, UnitdApplet.Declaration.Name, context.Time, cancel);
        }
        catch (SystemdException unreachable)
        {
            throw new FleetStartException($"{unreachable.Message}; unit_manager=embedded runs units without it", unreachable);
        }
        catch (Exception failure) when (failure is UnitdException or IOException or UnauthorizedAccessException or SocketException)
        {
            throw new FleetStartException($"cannot use the embedded supervisor: {failure.Message}", failure);
        }
    }

    private static string StateDirectoryOf(FleetConfig config) => Path.GetFullPath(Path.Combine(config.StateDirectory, "unitd"));

    private static async Task<IPEndPoint> ResolveAsync(Uri server, CancellationToken cancel) =>
        new((await Dns.GetHostAddressesAsync(server.Host, cancel))[0], server.Port);
}
