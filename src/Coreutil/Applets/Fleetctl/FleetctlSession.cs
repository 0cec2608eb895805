using System.CommandLine;
using System.Globalization;
using Coreutil.Applets.Fleetctl.Ssh;
using Coreutil.Core.Applets;
using Coreutil.Fleet;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl;

/// <summary>What a command works with: the API, and ssh for what a fleetd of the original cannot tell.</summary>
internal sealed record FleetctlConnection(IFleetApi Api, SshClient Ssh);

/// <summary>The global options, and the way from them to the API. A flag beats its FLEETCTL_ variable.</summary>
internal sealed class FleetctlSession
{
    private const string DefaultEndpoint = "unix:///var/run/fleet.sock";
    private const string EtcdEndpoints = "http://127.0.0.1:2379,http://127.0.0.1:4001";
    private readonly Option<string> _endpoint;
    private readonly Option<string> _driver;
    private readonly Option<string> _tunnel;
    private readonly Option<string> _prefix;
    private readonly Option<string> _caFile;
    private readonly Option<string> _certFile;
    private readonly Option<string> _keyFile;
    private readonly Option<string> _knownHosts;
    private readonly Option<string> _username;
    private readonly Option<double> _requestTimeout;
    private readonly Option<double> _sshTimeout;
    private readonly Option<bool> _isStrict;
    private readonly Option<bool> _isApi;

    public FleetctlSession(AppletContext context)
    {
        Context = context;
        Options =
        [
            _endpoint = Text("--endpoint", "Location of the fleet API if --driver=API. Alternatively, if --driver=etcd, location of the etcd API.", DefaultEndpoint),
            _driver = Text("--driver", "Adapter used to execute fleetctl commands. Options include \"API\" and \"etcd\".", "API"),
            _tunnel = Text("--tunnel", "Establish an SSH tunnel through the provided address for communication with fleet and etcd.", ""),
            _prefix = Text("--etcd-key-prefix", "Keyspace for fleet data in etcd (development use only!)", "/_coreos.com/fleet/"),
            _caFile = Text("--ca-file", "Location of TLS CA file used to secure communication with the fleet API or etcd", ""),
            _certFile = Text("--cert-file", "Location of TLS cert file used to secure communication with the fleet API or etcd", ""),
            _keyFile = Text("--key-file", "Location of TLS key file used to secure communication with the fleet API or etcd", ""),
            _knownHosts = Text("--known-hosts-file", "File used to store remote machine fingerprints. Ignored if strict host key checking is disabled.", "~/.fleetctl/known_hosts"),
            _username = Text("--ssh-username", "Username to use when connecting to CoreOS instance.", "core"),
            _requestTimeout = Number("--request-timeout", "Amount of time in seconds to allow a single request before considering it failed.", 3),
            _sshTimeout = Number("--ssh-timeout", "Amount of time in seconds to allow for SSH connection initialization before failing.", 10),
            _isStrict = Flag("--strict-host-key-checking", "Verify host keys presented by remote machines before initiating SSH connections.", true),
            _isApi = Flag("--experimental-api", "DEPRECATED: do not use this flag.", true),
            Text("--etcd-cafile", "DEPRECATED: do not use this flag.", ""),
            Text("--etcd-certfile", "DEPRECATED: do not use this flag.", ""),
            Text("--etcd-keyfile", "DEPRECATED: do not use this flag.", ""),
            Flag("--debug", "Print out more debug information to stderr", false),
        ];
    }

    public AppletContext Context { get; }

    public IReadOnlyList<Option> Options { get; }

    /// <summary>Runs a command that needs the API alone.</summary>
    public Task<int> RunAsync(ParseResult parsed, Func<IFleetApi, Task<int>> run, Func<string, string> describe, CancellationToken cancel) =>
        RunConnectedAsync(parsed, connection => run(connection.Api), describe, cancel);

    /// <summary>Runs a command; what the client refuses or the API answers becomes the recorded line and exit code 1.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="run">The command.</param>
    /// <param name="describe">What goes before an error of the API.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async Task<int> RunConnectedAsync(ParseResult parsed, Func<FleetctlConnection, Task<int>> run, Func<string, string> describe, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var ssh = new SshClient(ReadSsh(parsed), Context);
        IFleetApi api;
        try
        {
            api = await ConnectAsync(parsed, ssh, cancel);
        }
        catch (Exception refused) when (refused is FleetApiException or SshException)
        {
            await Context.Error.WriteLineAsync($"Unable to initialize client: {refused.Message}".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        using (api as IDisposable)
        {
            try
            {
                await WarnOfAgeAsync(api, cancel);
                return await run(new(api, ssh));
            }
            catch (FleetApiException failure)
            {
                await Context.Error.WriteLineAsync(describe(failure.Message).AsMemory(), cancel);
                return ExitCode.Failure;
            }
            catch (SshException failure)
            {
                await Context.Error.WriteLineAsync($"Unable to SSH to remote host: {failure.Message}".AsMemory(), cancel);
                return ExitCode.Failure;
            }
        }
    }

    private async Task<IFleetApi> ConnectAsync(ParseResult parsed, SshClient ssh, CancellationToken cancel)
    {
        string driver = parsed.GetRequiredValue(_driver);
        string endpoint = parsed.GetRequiredValue(_endpoint);
        if (!parsed.GetRequiredValue(_isApi) && endpoint == DefaultEndpoint)
        {
            (driver, endpoint) = ("etcd", EtcdEndpoints);
        }

        return driver switch
        {
            "API" => await ConnectApiAsync(parsed, endpoint.Split(','), ssh, cancel),
            "etcd" => await ConnectEtcdAsync(parsed, endpoint == DefaultEndpoint ? EtcdEndpoints : endpoint, ssh, cancel),
            _ => throw new FleetApiException($"unrecognized driver \"{driver}\""),
        };
    }

    private async Task<FleetApiClient> ConnectApiAsync(ParseResult parsed, string[] endpoints, SshClient ssh, CancellationToken cancel)
    {
        string endpoint = endpoints[0].Trim();
        if (endpoints.Length > 1)
        {
            string stamp = Context.Time.GetLocalNow().ToString("yyyy/MM/dd HH:mm:ss", CultureInfo.InvariantCulture);
            await Context.Error.WriteLineAsync($"{stamp} WARN fleetctl.go:332: multiple endpoints provided but only the first ({endpoint}) is used".AsMemory(), cancel);
        }

        if (!endpoint.Contains("://", StringComparison.Ordinal))
        {
            throw new FleetApiException("URL scheme undefined");
        }

        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("unix" or "file" or "http" or "https"))
        {
            throw new FleetApiException($"unable to connect to {endpoint}");
        }

        if (address.Scheme is "unix" or "file" && address.Host.Length > 0)
        {
            throw new FleetApiException($"unable to connect to host \"{address.Host}\" with scheme \"{address.Scheme}\"");
        }

        return new(address, new()
        {
            CaFile = FileOf(parsed, _caFile),
            CertFile = FileOf(parsed, _certFile),
            KeyFile = FileOf(parsed, _keyFile),
            Open = ssh.Settings.Tunnel.Length > 0 ? ssh.Open : null,
        });
    }

    private async Task<RegistryApi> ConnectEtcdAsync(ParseResult parsed, string endpoints, SshClient ssh, CancellationToken cancel)
    {
        var servers = endpoints.Split(',').Select(text => Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new FleetApiException($"--endpoint {text} is no http://host:port of etcd")).ToList();
        // As Go's HTTP client reads them: http://user:password@host:port.
        string[] login = servers[0].UserInfo.Split(':', 2);
        servers = [.. servers.Select(server => server.UserInfo.Length > 0 ? new UriBuilder(server) { UserName = "", Password = "" }.Uri : server)];
        if (ssh.Settings.Tunnel.Length > 0)
        {
            if (servers[0].Scheme == "https")
            {
                throw new FleetApiException("--tunnel cannot be used with https of etcd: its certificate is not for this end of the tunnel; ask the fleet API");
            }

            int port = await ssh.ForwardAsync(servers[0].Authority, cancel);
            servers = [new UriBuilder("http", "127.0.0.1", port).Uri];
        }

        return new(
            new()
            {
                Endpoints = [.. servers],
                EndpointTimeout = TimeSpan.FromSeconds(parsed.GetRequiredValue(_requestTimeout)),
                Username = login[0].Length > 0 ? Uri.UnescapeDataString(login[0]) : null,
                Password = Uri.UnescapeDataString(login.ElementAtOrDefault(1) ?? ""),
                CaFile = FileOf(parsed, _caFile),
                CertFile = FileOf(parsed, _certFile),
                KeyFile = FileOf(parsed, _keyFile),
            },
            parsed.GetRequiredValue(_prefix));
    }

    /// <summary>Past the API nobody checks what is written: an older fleetctl may not know what newer machines need.</summary>
    private async Task WarnOfAgeAsync(IFleetApi api, CancellationToken cancel)
    {
        if (api is RegistryApi registry && await registry.FindNewestVersionAsync(cancel) is { } newest && newest > Version.Parse(FleetServer.Version))
        {
            string line = new('#', 68);
            await Context.Error.WriteLineAsync(
                $"{line}\nWARNING: fleetctl ({FleetServer.Version}) is older than the newest registered\nmachine's fleet ({newest}); what it writes past the API may not fit there.\nUse the fleetctl of that version, or --driver=API.\n{line}".AsMemory(),
                cancel);
        }
    }

    private SshSettings ReadSsh(ParseResult parsed)
    {
        string file = parsed.GetRequiredValue(_knownHosts);
        return new()
        {
            Username = parsed.GetRequiredValue(_username),
            TimeoutSeconds = parsed.GetRequiredValue(_sshTimeout),
            KnownHostsFile = file.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(Context.Variable("HOME") ?? "/root", file[2..]) : file,
            IsStrict = parsed.GetRequiredValue(_isStrict),
            Tunnel = parsed.GetRequiredValue(_tunnel),
        };
    }

    private static string? FileOf(ParseResult parsed, Option<string> option) => parsed.GetRequiredValue(option) is { Length: > 0 } file ? file : null;

    private Option<string> Text(string name, string description, string otherwise) =>
        new(name) { Description = description, DefaultValueFactory = _ => Variable(name) ?? otherwise };

    private Option<double> Number(string name, string description, double otherwise) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => double.TryParse(Variable(name), CultureInfo.InvariantCulture, out double value) ? value : otherwise,
    };

    private Option<bool> Flag(string name, string description, bool otherwise) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => Core.CommandLine.GoFlags.ParseBoolean(Variable(name) ?? "") ?? otherwise,
    };

    private string? Variable(string flag) => Context.Variable($"FLEETCTL_{flag.TrimStart('-').Replace('-', '_').ToUpperInvariant()}");
}
