using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Coreutil.Fleet.Machines;

/// <summary>Who this machine is: its ID, its address, and what its configuration says of it.</summary>
public static class LocalMachine
{
    public const string MachineIdFile = "/etc/machine-id";

    /// <exception cref="FleetStartException">Neither the configuration nor the machine has an ID.</exception>
    public static MachineState Read(FleetConfig config) => new()
    {
        Id = config.MachineId ?? ReadId(),
        PublicIp = config.PublicIp ?? FindAddress(),
        Metadata = config.Metadata,
        IsEngineDisabled = config.DisableEngine,
        Version = FleetServer.Version,
    };

    private static string ReadId()
    {
        try
        {
            if (File.ReadAllText(MachineIdFile).Trim() is { Length: > 0 } id)
            {
                return id;
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new FleetStartException($"unable to determine local machine ID: {unreadable.Message}; set machine_id", unreadable);
        }

        throw new FleetStartException($"unable to determine local machine ID: {MachineIdFile} is empty; set machine_id");
    }

    // The original asks netlink for the default route's interface; the interface that has a gateway is the same one.
    private static string FindAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .Select(network => network.GetIPProperties())
        .OrderByDescending(properties => properties.GatewayAddresses.Any(gateway => gateway.Address.AddressFamily == AddressFamily.InterNetwork))
        .SelectMany(properties => properties.UnicastAddresses)
        .FirstOrDefault(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString() ?? "";
}
