using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl;

/// <summary>The global options, and the way from them to the API. A flag beats its FLEETCTL_ variable.</summary>
internal sealed class FleetctlSession
{
    private readonly Option<string> _endpoint;
    private readonly Option<string> _driver;
    private readonly Option<string> _tunnel;
    private readonly Option<string>[] _tls;

    public FleetctlSession(AppletContext context)
    {
        Context = context;
        _endpoint = Text("--endpoint", "Location of the fleet API if --driver=API. Alternatively, if --driver=etcd, location of the etcd API.", "unix:///var/run/fleet.sock");
        _driver = Text("--driver", "Adapter used to execute fleetctl commands. Options include \"API\" and \"etcd\".", "API");
        _tunnel = Text("--tunnel", "Establish an SSH tunnel through the provided address for communication with fleet and etcd.", "");
        _tls =
        [
            Text("--ca-file", "Location of TLS CA file used to secure communication with the fleet API or etcd", ""),
            Text("--cert-file", "Location of TLS cert file used to secure communication with the fleet API or etcd", ""),
            Text("--key-file", "Location of TLS key file used to secure communication with the fleet API or etcd", ""),
        ];
        Options =
        [
            _endpoint,
            _driver,
            _tunnel,
            Text("--etcd-key-prefix", "Keyspace for fleet data in etcd (development use only!)", "/_coreos.com/fleet/"),
            .. _tls,
            Text("--known-hosts-file", "File used to store remote machine fingerprints. Ignored if strict host key checking is disabled.", "~/.fleetctl/known_hosts"),
            Text("--ssh-username", "Username to use when connecting to CoreOS instance.", "core"),
            Number("--request-timeout", "Amount of time in seconds to allow a single request before considering it failed.", 3),
            Number("--ssh-timeout", "Amount of time in seconds to allow for SSH connection initialization before failing.", 10),
            Flag("--strict-host-key-checking", "Verify host keys presented by remote machines before initiating SSH connections.", true),
            Flag("--experimental-api", "DEPRECATED: do not use this flag.", true),
            Text("--etcd-cafile", "DEPRECATED: do not use this flag.", ""),
            Text("--etcd-certfile", "DEPRECATED: do not use this flag.", ""),
            Text("--etcd-keyfile", "DEPRECATED: do not use this flag.", ""),
            Flag("--debug", "Print out more debug information to stderr", false),
        ];
    }

    public AppletContext Context { get; }

    public IReadOnlyList<Option> Options { get; }

    /// <summary>Runs a command against the API; what the client refuses or the API answers becomes the recorded line and exit code 1.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="run">The command.</param>
    /// <param name="describe">What goes before an error of the API.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async Task<int> RunAsync(ParseResult parsed, Func<IFleetApi, Task<int>> run, Func<string, string> describe, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (Connect(parsed, out string refusal) is not { } api)
        {
            await Context.Error.WriteLineAsync(refusal.AsMemory(), cancel);
            return ExitCode.Failure;
        }

        using (api)
        {
            try
            {
                return await run(api);
            }
            catch (FleetApiException failure)
            {
                await Context.Error.WriteLineAsync(describe(failure.Message).AsMemory(), cancel);
                return ExitCode.Failure;
            }
        }
    }

    private FleetApiClient? Connect(ParseResult parsed, out string refusal)
    {
        string driver = parsed.GetRequiredValue(_driver);
        string endpoint = parsed.GetRequiredValue(_endpoint).Split(',')[0].Trim();
        refusal = driver switch
        {
            "API" when parsed.GetRequiredValue(_tunnel).Length > 0 => "fleetctl: --tunnel is not built yet",
            "API" when _tls.FirstOrDefault(file => parsed.GetRequiredValue(file).Length > 0) is { } given => $"fleetctl: {given.Name} is not built yet",
            "API" => "",
            "etcd" => "fleetctl: --driver=etcd is not built yet",
            _ => $"Unable to initialize client: unrecognized driver \"{driver}\"",
        };
        if (refusal.Length > 0)
        {
            return null;
        }

        if (!endpoint.Contains("://", StringComparison.Ordinal))
        {
            refusal = "Unable to initialize client: URL scheme undefined";
            return null;
        }

        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("unix" or "file" or "http" or "https"))
        {
            refusal = $"Unable to initialize client: unable to connect to {endpoint}";
            return null;
        }

        if (address.Scheme is "unix" or "file" && address.Host.Length > 0)
        {
            refusal = $"Unable to initialize client: unable to connect to host \"{address.Host}\" with scheme \"{address.Scheme}\"";
            return null;
        }

        return new FleetApiClient(address);
    }

    private Option<string> Text(string name, string description, string otherwise) =>
        new(name) { Description = description, DefaultValueFactory = _ => Variable(name) ?? otherwise };

    private Option<double> Number(string name, string description, double otherwise) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => double.TryParse(Variable(name), System.Globalization.CultureInfo.InvariantCulture, out double value) ? value : otherwise,
    };

    private Option<bool> Flag(string name, string description, bool otherwise) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => Core.CommandLine.GoFlags.ParseBoolean(Variable(name) ?? "") ?? otherwise,
    };

    private string? Variable(string flag) => Context.Variable($"FLEETCTL_{flag.TrimStart('-').Replace('-', '_').ToUpperInvariant()}");
}
