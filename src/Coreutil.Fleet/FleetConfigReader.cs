using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Core.CommandLine;

namespace Coreutil.Fleet;

/// <summary>
/// Puts a configuration together. A flag beats its variable <c>FLEET_OPTION</c>, that beats the file, and that the default, as fleet's globalconf does.
/// </summary>
public static class FleetConfigReader
{
    /// <summary>Every option, by the name it has in the file.</summary>
    public static ImmutableArray<string> Options { get; } =
    [
        "verbosity", "etcd_servers", "etcd_username", "etcd_password", "etcd_keyfile", "etcd_certfile", "etcd_cafile", "etcd_key_prefix",
        "etcd_request_timeout", "engine_reconcile_interval", "public_ip", "metadata", "agent_ttl", "units_directory", "systemd_user",
        "token_limit", "disable_engine", "disable_watches", "enable_grpc", "verify_units", "authorized_keys_file",
        "listen", "advertise_api", "tls_cert_file", "tls_key_file", "tls_client_ca_file",
        "unit_manager", "state_dir", "machine_id", "leave_running", "engine_reschedule_grace", "fence", "fence_margin",
        "docker_endpoint",
    ];

    /// <param name="fileText">The text of fleet.conf; null for none.</param>
    /// <param name="fileName">Its name, for messages.</param>
    /// <param name="variable">Looks up an environment variable.</param>
    /// <param name="flags">Options given on the command line, by their name in the file.</param>
    public static FleetConfig Read(
        string? fileText, string fileName, Func<string, string?> variable, IReadOnlyDictionary<string, string> flags)
    {
        var values = new Dictionary<string, Setting>(StringComparer.Ordinal);
        foreach (var setting in ReadFile(fileText ?? "", fileName))
        {
            values[setting.Option] = setting;
        }

        foreach (string option in Options)
        {
            string name = $"FLEET_{option.ToUpperInvariant()}";
            if (flags.TryGetValue(option, out string? flag))
            {
                values[option] = new(option, flag, $"--{option.Replace('_', '-')}");
            }
            else if (variable(name) is { } text)
            {
                values[option] = new(option, text, name);
            }
        }

        return values.Values.Aggregate(new FleetConfig(), Apply);
    }

    // Keys without sections, # comments, values bare or in quotes. A key that fleetd does not know is ignored, as the original does.
    private static IEnumerable<Setting> ReadFile(string text, string fileName)
    {
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            if (line.Length == 0 || line[0] is '#' or ';' or '[')
            {
                continue;
            }

            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw new FleetStartException($"{fileName}:{number}: {GoQuote.Quote(line)} is no option: write name=value, or # before a comment");
            }

            string value = line[(equals + 1)..].Trim();
            if (value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0])
            {
                value = value[1..^1];
            }

            yield return new(line[..equals].Trim(), value, $"{fileName}:{number}: {line[..equals].Trim()}");
        }
    }

    private static FleetConfig Apply(FleetConfig config, Setting setting) => setting.Option switch
    {
        "verbosity" => config with { Verbosity = setting.Integer() },
        "etcd_servers" => config with { EtcdServers = [.. setting.List().Select(setting.HttpAddress)] },
        "etcd_username" => config with { EtcdUsername = setting.Optional() },
        "etcd_password" => config with { EtcdPassword = setting.Optional() },
        "etcd_keyfile" => config with { EtcdKeyFile = setting.Optional() },
        "etcd_certfile" => config with { EtcdCertFile = setting.Optional() },
        "etcd_cafile" => config with { EtcdCaFile = setting.Optional() },
        "etcd_key_prefix" => config with { EtcdKeyPrefix = setting.Value },
        "etcd_request_timeout" => config with { EtcdRequestTimeout = setting.Seconds() },
        "engine_reconcile_interval" => config with { EngineReconcileInterval = setting.Seconds() },
        "public_ip" => config with { PublicIp = setting.Optional() },
        "metadata" => config with { Metadata = ParseMetadata(setting.Value) },
        "agent_ttl" => config with { AgentTtl = setting.Duration() },
        "units_directory" => config with { UnitsDirectory = setting.Value },
        "systemd_user" => config with { SystemdUser = setting.Boolean() },
        "token_limit" => config with { TokenLimit = setting.Integer() is > 0 and <= ushort.MaxValue and int limit ? limit : throw setting.Refuse("a number from 1 to 65535") },
        "disable_engine" => config with { DisableEngine = setting.Boolean() },
        "disable_watches" => config with { DisableWatches = setting.Boolean() },
        "enable_grpc" or "verify_units" => setting.Boolean() ? config with { IgnoredOptions = config.IgnoredOptions.Add(setting.Option) } : config,
        "authorized_keys_file" => config with { IgnoredOptions = config.IgnoredOptions.Add(setting.Option) },
        "advertise_api" => config with { AdvertiseApi = setting.Optional() is { } api ? setting.HttpAddress(api) : null },
        "tls_cert_file" => config with { TlsCertFile = setting.Optional() },
        "tls_key_file" => config with { TlsKeyFile = setting.Optional() },
        "tls_client_ca_file" => config with { TlsClientCaFile = setting.Optional() },
        "engine_reschedule_grace" => config with { EngineRescheduleGrace = setting.Pause() },
        "fence" => config with { Fence = setting.Boolean() },
        "fence_margin" => config with { FenceMargin = setting.Pause() },
        "listen" => config with { Listen = [.. setting.List().Select(setting.ListenAddress)] },
        "unit_manager" => config with
        {
            UnitManager = setting.Value switch
            {
                "auto" => UnitManagerKind.Auto,
                "systemd" => UnitManagerKind.Systemd,
                "embedded" => UnitManagerKind.Embedded,
                _ => throw setting.Refuse("auto, systemd or embedded"),
            },
        },
        "docker_endpoint" => config with { DockerEndpoint = setting.UnixSocket() },
        "state_dir" => config with { StateDirectory = setting.Value },
        "machine_id" => config with { MachineId = setting.Optional() },
        "leave_running" => config with { LeaveRunning = setting.Boolean() },
        _ => config,
    };

    /// <summary>Pairs <c>k=v</c> split at commas and trimmed; the last one of a key wins, a pair without '=' is ignored.</summary>
    public static ImmutableSortedDictionary<string, string> ParseMetadata(string text)
    {
        var metadata = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (string pair in text.Split(','))
        {
            string[] halves = pair.Split('=', 2);
            if (halves.Length == 2)
            {
                metadata[halves[0].Trim()] = halves[1].Trim();
            }
        }

        return metadata.ToImmutable();
    }

    private sealed record Setting(string Option, string Value, string Source)
    {
        public FleetStartException Refuse(string expected) => new($"{Source}: {GoQuote.Quote(Value)} is not {expected}");

        public string? Optional() => Value.Length == 0 ? null : Value;

        public int Integer() => int.TryParse(Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number : throw Refuse("a number");

        public bool Boolean() => GoFlags.ParseBoolean(Value) ?? throw Refuse("true or false");

        public TimeSpan Seconds() =>
            double.TryParse(Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and < 1e6
                ? TimeSpan.FromSeconds(seconds)
                : throw Refuse("a number of seconds");

        public TimeSpan Duration() =>
            GoDuration.TryParse(Value, out var duration) && duration >= TimeSpan.FromSeconds(1)
                ? duration
                : throw Refuse("a duration of a second or more, such as 30s");

        public TimeSpan Pause() =>
            GoDuration.TryParse(Value, out var duration) && duration >= TimeSpan.Zero ? duration : throw Refuse("a duration, such as 30s");

        // Either ["a","b"] or a,b.
        public IEnumerable<string> List() => Value.Split(',').Select(item => item.Trim(' ', '[', '"', ']')).Where(item => item.Length > 0);

        public Uri HttpAddress(string text) =>
            Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address
                : throw Refuse("a list of http://host:port");

        public Uri UnixSocket() =>
            Uri.TryCreate(Value, UriKind.Absolute, out var address) && address.Scheme == "unix" && address.AbsolutePath.Length > 1
                ? address
                : throw Refuse("a socket, such as unix:///var/run/docker.sock");

        public Uri ListenAddress(string text) =>
            Uri.TryCreate(text, UriKind.Absolute, out var address)
            && (address.Scheme is "http" or "https" || (address.Scheme == "unix" && address.AbsolutePath.Length > 1))
                ? Api.ListenOptionsText.TryRead(address, out _) ? address : throw Refuse("a listener with ?mode=0660, group=NAME, readonly=true only")
                : throw Refuse("a list of unix:///path, http://host:port and https://host:port");
    }
}
