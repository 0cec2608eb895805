using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Coreutil.Applets.UnitExecutor;
using Coreutil.Core.Applets;
using Coreutil.Supervisor;
using Coreutil.Supervisor.Processes;

namespace Coreutil.Applets.Unitd;

/// <summary>The embedded supervisor, in systemd's place on hosts and in containers without it.</summary>
internal static class UnitdApplet
{
    public const string DefaultStateDirectory = "/var/lib/unitd";
    public const string StateDirectoryVariable = "UNITD_STATE_DIR";

    public static Applet Declaration { get; } = new()
    {
        Name = "unitd",
        Summary = "supervise units on a host without systemd",
        ManSection = 8,
        CreateCommand = CreateCommand,
    };

    /// <summary>The address units are told: the first one of this machine that others can reach, else loopback.</summary>
    public static IPAddress DefaultAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(address => address.Address)
        .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !address.ToString().StartsWith("169.254.", StringComparison.Ordinal))
        ?? IPAddress.Loopback;

    private static Command CreateCommand(AppletContext context)
    {
        var state = new Option<string>("--state-dir")
        {
            Description = $"socket, loaded units and journals ({StateDirectoryVariable})",
            DefaultValueFactory = _ => context.Variable(StateDirectoryVariable) ?? DefaultStateDirectory,
        };
        var units = new Option<string>("--units-dir") { Description = "where unit files loaded over the socket are kept (default: units in the state directory)" };
        var path = new Option<string>("--unit-path") { Description = "directories with unit files, separated by colons" };
        var address = new Option<string>("--address") { Description = "COREOS_PRIVATE_IPV4 and COREOS_PUBLIC_IPV4 of units" };
        var bin = new Option<string>("--bin-dir") { Description = "first directory of the units' PATH" };
        var etcd = new Option<string>("--etcd-endpoint") { Description = "IP:PORT that makes etcd.service active when it answers", DefaultValueFactory = _ => "127.0.0.1:2379" };
        var root = new Command(Declaration.Name, Declaration.Summary) { state, units, path, address, bin, etcd };
        root.SetAction((parsed, cancel) =>
        {
            if (!IPEndPoint.TryParse(parsed.GetRequiredValue(etcd), out var endpoint))
            {
                context.Error.WriteLine($"unitd: --etcd-endpoint {parsed.GetValue(etcd)} is no IP:PORT");
                return Task.FromResult(ExitCode.Usage);
            }

            IPAddress? given = null;
            if (parsed.GetValue(address) is { } text && !IPAddress.TryParse(text, out given))
            {
                context.Error.WriteLine($"unitd: --address {text} is no IP address");
                return Task.FromResult(ExitCode.Usage);
            }

            string? guard = context.Variable(Guard.Variable);
            if (guard is null)
            {
                return Task.FromResult(new Guard(context.ExecutablePath, context.Error, context.Time).Run(cancel));
            }

            return UnitdCommand.RunAsync(
                context,
                new UnitdOptions
                {
                    StateDirectory = Path.GetFullPath(parsed.GetRequiredValue(state)),
                    UnitsDirectory = parsed.GetValue(units) is { } kept ? Path.GetFullPath(kept) : null,
                    UnitPath = [.. (parsed.GetValue(path) ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(Path.GetFullPath)],
                    BinDirectory = parsed.GetValue(bin) ?? LinkDirectory.Of(context),
                    Address = given ?? DefaultAddress(),
                    EtcdEndpoint = endpoint,
                    GuardDescriptor = int.TryParse(guard, NumberStyles.None, CultureInfo.InvariantCulture, out int link) ? link : null,
                },
                cancel);
        });
        return root;
    }
}

internal static class UnitdCommand
{
    internal static async Task<int> RunAsync(AppletContext context, UnitdOptions options, CancellationToken cancel)
    {
        try
        {
            using var server = new UnitdServer(options, context.ExecutablePath, UnitExecutorApplet.Name, context.Time, line => context.Error.WriteLine($"unitd: {line}"));
            await context.Error.WriteLineAsync($"unitd: serving on {options.SocketPath}");
            await RunAsync(server, cancel);
            return ExitCode.Success;
        }
        catch (UnitdException refused)
        {
            await context.Error.WriteLineAsync($"unitd: {refused.Message}");
            return ExitCode.Failure;
        }
    }

    /// <summary>A failure that nobody foresaw kills unitd, and does not end it: the guard starts another one, which takes the units up as they are.</summary>
    private static async Task RunAsync(UnitdServer server, CancellationToken cancel)
    {
        try
        {
            await server.RunAsync(cancel);
        }
        catch (Exception unforeseen) when (unforeseen is not UnitdException)
        {
            Environment.FailFast($"unitd: {unforeseen}", unforeseen);
        }
    }
}
