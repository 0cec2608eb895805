using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Coreutil.Fleet.Machines;

/// <summary>Who this machine is: its ID, its address, and what its configuration says of it.</summary>
public static class LocalMachine
{
    public const string MachineIdFile = "/etc/machine-id";

    /// <exception cref="FleetStartException">Neither the configuration nor the machine has an ID.</exception>
    public static MachineState Read(FleetConfig config, string instance = "") => new()
    {
        IsNative = true,
        Instance = instance,
        ApiAddress = ApiAddressOf(config),
        Id = config.MachineId ?? ReadId(),
        PublicIp = config.PublicIp ?? FindAddress(),
        Metadata = config.Metadata,
        IsEngineDisabled = config.DisableEngine,
        Version = FleetServer.Version,
    };

    /// <summary>The first TCP address of <c>listen</c>, as others reach it; null where only this machine can.</summary>
    private static string? ApiAddressOf(FleetConfig config)
    {
        if (config.AdvertiseApi is { } given)
        {
            return given.GetLeftPart(UriPartial.Authority);
        }

        if (config.Listen.FirstOrDefault(address => address.Scheme is "http" or "https") is not { } listening)
        {
            return null;
        }

        string host = listening.Host is "0.0.0.0" or "[::]" ? config.PublicIp ?? FindAddress() : listening.Host;
        return host.Length == 0 ? null : new UriBuilder(listening.Scheme, host, listening.Port).Uri.GetLeftPart(UriPartial.Authority);
    }

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
