using System.Net;
using Coreutil.Applets.Unitd;
using Coreutil.Core.Applets;
using Coreutil.Fleet;
using Coreutil.Supervisor;
using Coreutil.Units;

namespace Coreutil.Applets.Fleetd;

/// <summary>The unit manager this machine's fleetd drives, and what has to be closed after it.</summary>
internal sealed class LocalUnitManager(IUnitManager units) : IAsyncDisposable
{
    public IUnitManager Units => units;

    /// <summary>Chooses by unit_manager: systemd where it runs, else the embedded supervisor.</summary>
    /// <exception cref="FleetStartException">The chosen one is not there.</exception>
    public static Task<LocalUnitManager> ConnectAsync(AppletContext context, FleetConfig config, CancellationToken cancel)
    {
        bool isSystemd = config.UnitManager == UnitManagerKind.Systemd
            || (config.UnitManager == UnitManagerKind.Auto && Directory.Exists("/run/systemd/system"));
        return isSystemd
            ? throw new FleetStartException("unit_manager systemd is not built yet: use unit_manager=embedded")
            : ConnectEmbeddedAsync(context, config, cancel);
    }

    public ValueTask DisposeAsync() => units is IAsyncDisposable disposable ? disposable.DisposeAsync() : ValueTask.CompletedTask;

    // unitd is a process of its own, so that it and its units outlive this fleetd.
    private static async Task<LocalUnitManager> ConnectEmbeddedAsync(AppletContext context, FleetConfig config, CancellationToken cancel)
    {
        var options = new UnitdOptions
        {
            StateDirectory = Path.GetFullPath(Path.Combine(config.StateDirectory, "unitd")),
            BinDirectory = Path.GetDirectoryName(Path.GetFullPath(context.ExecutablePath)),
            Address = IPAddress.TryParse(config.PublicIp, out var address) ? address : UnitdApplet.DefaultAddress(),
        };
        try
        {
            await UnitdClient.EnsureRunningAsync(options, context.ExecutablePath, UnitdApplet.Declaration.Name, context.Time, cancel);
            return new(new UnitdClient(options.SocketPath));
        }
        catch (Exception failure) when (failure is UnitdException or IOException or UnauthorizedAccessException)
        {
            throw new FleetStartException($"cannot use the embedded supervisor: {failure.Message}", failure);
        }
    }
}
