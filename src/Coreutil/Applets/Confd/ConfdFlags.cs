using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Confd;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Confd;

/// <summary>The flags of confd 0.6 to 0.16, and the settings they, confd.toml and the environment make together.</summary>
internal sealed class ConfdFlags
{
    private readonly Option<string> _backend = Text("backend", "backend to use", "etcd");
    private readonly Option<string[]> _node = List("node", "list of backend nodes");
    private readonly Option<string> _configDirectory = Text("confdir", "confd conf directory", "/etc/confd");
    private readonly Option<string> _configFile = Text("config-file", "the confd config file", "/etc/confd/confd.toml");
    private readonly Option<bool> _oneTime = Flag("onetime", "run once and exit");
    private readonly Option<int> _interval = new("--interval") { Description = "backend polling interval", DefaultValueFactory = _ => 600 };
    private readonly Option<bool> _watch = Flag("watch", "enable watch support");
    private readonly Option<bool> _dryRun = Flag("noop", "only show pending changes");
    private readonly Option<string> _prefix = Text("prefix", "key path prefix");
    private readonly Option<string> _logLevel = Text("log-level", "level which confd should log messages");
    private readonly Option<bool> _syncOnly = Flag("sync-only", "sync without check_cmd and reload_cmd");
    private readonly Option<bool> _keepStageFile = Flag("keep-stage-file", "keep staged files");
    private readonly Option<bool> _version = Flag("version", "print version and exit");
    private readonly Option<string> _certificate = Text("client-cert", "the client cert");
    private readonly Option<string> _key = Text("client-key", "the client key");
    private readonly Option<string> _authorities = Text("client-ca-keys", "client ca keys");
    private readonly Option<bool> _basicAuth = Flag("basic-auth", "Use Basic Auth to authenticate (only used with -backend=consul and -backend=etcd)");
    private readonly Option<string> _username = Text("username", "the username to authenticate as (only used with vault and etcd backends)");
    private readonly Option<string> _password = Text("password", "the password to authenticate with (only used with vault and etcd backends)");
    private readonly Option<string[]> _file = List("file", "the YAML file to watch for changes (only used with -backend=file)");
    private readonly Option<string> _filter = Text("filter", "files filter (only used with -backend=file)", "*");
    private readonly Option<string> _scheme = Text("scheme", "the backend URI scheme for nodes retrieved from DNS SRV records (http or https)", "http");
    private readonly Option<string> _serviceDomain = Text("srv-domain", "the name of the resource record");
    private readonly Option<string> _serviceRecord = Text("srv-record", "the SRV record to search for backends nodes. Example: _etcd-client._tcp.example.com");
    private readonly Option<string> _separator = Text("separator", "the separator to replace '/' with when looking up keys in the backend, prefixed '/' will also be removed (only used with -backend=redis)");
    private readonly Option<string> _wait = Text("wait", "gather changes until nothing has changed for min, at most for max: min:max, such as 200ms:2s");
    private readonly Option<string> _commandTimeout = Text("command-timeout", "kill check_cmd and reload_cmd after this time, such as 30s");
    private readonly Option<string> _waitForKeys = Text("wait-for-keys", "with -onetime: how long to wait for keys that are missing, such as 2m");
    private readonly Option<bool> _validate = Flag("validate", "read all resources and templates, tell what is wrong with them and exit");
    private readonly Option<bool> _diff = Flag("diff", "as -noop, and print what would change; with -onetime exit 3 if anything would");
    private readonly Option<string> _statusFile = Text("status-file", "keep a JSON file that tells how each resource fares");
    private readonly Option<string> _metricsAddress = Text("metrics-address", "serve /metrics and /status at this address:port");
    private readonly Option<bool> _debug = Hidden(Flag("debug", "0.6: log at level debug"));
    private readonly Option<bool> _quiet = Hidden(Flag("quiet", "0.6: log errors only"));
    private readonly Option<bool> _verbose = Hidden(Flag("verbose", "0.6: log at level info"));

    /// <summary>Read and without effect: they belong to backends that are not built yet, or never had one.</summary>
    private readonly ImmutableArray<Option> _unused =
    [
        Flag("client-insecure", "Allow connections to SSL sites without certs (only used with -backend=etcd)"),
        Text("auth-token", "Auth bearer token to use"),
        Text("auth-type", "Vault auth backend type to use (only used with -backend=vault)"),
        Text("app-id", "Vault app-id to use with the app-id backend (only used with -backend=vault and auth-type=app-id)"),
        Text("user-id", "Vault user-id to use with the app-id backend (only used with -backend=value and auth-type=app-id)"),
        Text("role-id", "Vault role-id to use with the AppRole, Kubernetes backends (only used with -backend=vault and either auth-type=app-role or auth-type=kubernetes)"),
        Text("secret-id", "Vault secret-id to use with the AppRole backend (only used with -backend=vault and auth-type=app-role)"),
        Text("path", "Vault mount path of the auth method (only used with -backend=vault)"),
        Text("table", "the name of the DynamoDB table (only used with -backend=dynamodb)"),
    ];

    /// <summary>Looked at as by the original; functions that decrypt are refused by name where a template calls them.</summary>
    private readonly Option<string> _secretKeyring = Text("secret-keyring", "path to armored PGP secret keyring (for use with crypt functions)");

    public IEnumerable<Option> All =>
    [
        _backend, _node, _configDirectory, _configFile, _oneTime, _interval, _watch, _dryRun, _prefix, _logLevel, _syncOnly, _keepStageFile, _version,
        _certificate, _key, _authorities, _basicAuth, _username, _password, _file, _filter, _debug, _quiet, _verbose, _secretKeyring,
        _scheme, _serviceDomain, _serviceRecord, _separator, _wait, _commandTimeout, _waitForKeys, _validate, _diff, _statusFile, _metricsAddress, .. _unused,
    ];

    public bool AsksForVersion(ParseResult parsed) => parsed.GetValue(_version);

    public bool AsksForValidation(ParseResult parsed) => parsed.GetValue(_validate);

    public bool AsksForDiff(ParseResult parsed) => parsed.GetValue(_diff);

    public string SecretKeyring(ParseResult parsed, ConfdToml toml) => Pick(parsed, _secretKeyring, toml.Text("secret_keyring"));

    public string ConfigFile(ParseResult parsed) => parsed.GetRequiredValue(_configFile);

    /// <summary>Flags, else confd.toml, else the environment, else the default (the documented order; see docs/differences.md).</summary>
    public ConfdSettings Settings(ParseResult parsed, ConfdToml toml, AppletContext context)
    {
        string backend = Pick(parsed, _backend, toml.Text("backend"));
        bool usesBasicAuth = Pick(parsed, _basicAuth, toml.Flag("basic_auth"));
        return new ConfdSettings
        {
            Backend = backend,
            Nodes = IsGiven(parsed, _node) ? [.. parsed.GetRequiredValue(_node)] : toml.Texts("nodes") ?? [],
            ConfigDirectory = Pick(parsed, _configDirectory, toml.Text("confdir")),
            Prefix = Pick(parsed, _prefix, toml.Text("prefix")),
            IsOneTime = Pick(parsed, _oneTime, toml.Flag("onetime")),
            IsWatching = Pick(parsed, _watch, toml.Flag("watch")),
            Interval = TimeSpan.FromSeconds(IsGiven(parsed, _interval) ? parsed.GetValue(_interval) : toml.Number("interval") ?? parsed.GetValue(_interval)),
            IsDryRun = AsksForDiff(parsed) || Pick(parsed, _dryRun, toml.Flag("noop")),
            IsSyncOnly = Pick(parsed, _syncOnly, toml.Flag("sync-only")),
            KeepsStagedFiles = Pick(parsed, _keepStageFile, toml.Flag("keepstagefile")),
            Username = usesBasicAuth ? Pick(parsed, _username, toml.Text("username")) : null,
            Password = usesBasicAuth ? Pick(parsed, _password, toml.Text("password")) : null,
            ClientCertificate = Filled(Pick(parsed, _certificate, toml.Text("client_cert"))) ?? context.Variable("CONFD_CLIENT_CERT"),
            ClientKey = Filled(Pick(parsed, _key, toml.Text("client_key"))) ?? context.Variable("CONFD_CLIENT_KEY"),
            CertificateAuthorities = Filled(Pick(parsed, _authorities, toml.Text("client_cakeys"))) ?? context.Variable("CONFD_CLIENT_CAKEYS"),
            Files = IsGiven(parsed, _file) ? [.. parsed.GetRequiredValue(_file)] : toml.Texts("file") ?? [],
            Filter = Pick(parsed, _filter, toml.Text("filter")),
            Separator = Pick(parsed, _separator, toml.Text("separator")),
            Scheme = Pick(parsed, _scheme, toml.Text("scheme")),
            ServiceRecord = ServiceRecord(parsed, toml, backend),
            Wait = Filled(Pick(parsed, _wait, toml.Text("wait"))) is { } wait ? WaitTimes.Parse(wait) : null,
            CommandTimeout = Duration("command-timeout", Pick(parsed, _commandTimeout, toml.Text("command_timeout"))),
            WaitForKeys = Duration("wait-for-keys", Pick(parsed, _waitForKeys, toml.Text("wait_for_keys"))) ?? TimeSpan.Zero,
            StatusFile = Filled(Pick(parsed, _statusFile, toml.Text("status_file"))),
            MetricsAddress = Filled(Pick(parsed, _metricsAddress, toml.Text("metrics_address"))),
            Environment = context.Environment,
        };
    }

    /// <summary>The level by name; 0.6 had three switches instead.</summary>
    public string LogLevel(ParseResult parsed, ConfdToml toml) =>
        Filled(Pick(parsed, _logLevel, toml.Text("log-level")))
        ?? (Pick(parsed, _debug, toml.Flag("debug")) ? "debug" : Pick(parsed, _quiet, toml.Flag("quiet")) ? "error" : "info");

    /// <summary>A domain stands for the record that the backend's service has there.</summary>
    private string ServiceRecord(ParseResult parsed, ConfdToml toml, string backend) =>
        Filled(Pick(parsed, _serviceRecord, toml.Text("srv_record")))
        ?? (Filled(Pick(parsed, _serviceDomain, toml.Text("srv_domain"))) is { } domain ? $"_{backend}._tcp.{domain}." : "");

    private static TimeSpan? Duration(string name, string text) => text.Length == 0 ? null
        : GoDuration.TryParse(text, out var duration) && duration >= TimeSpan.Zero ? duration
        : throw new ConfdException($"{name}: \"{text}\" is no duration such as \"30s\"");

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static string Pick(ParseResult parsed, Option<string> option, string? fallback) =>
        IsGiven(parsed, option) || fallback is null ? parsed.GetRequiredValue(option) : fallback;

    private static bool Pick(ParseResult parsed, Option<bool> option, bool? fallback) =>
        IsGiven(parsed, option) || fallback is null ? parsed.GetValue(option) : fallback.Value;

    private static string? Filled(string text) => text.Length > 0 ? text : null;

    private static Option<string> Text(string name, string description, string value = "") =>
        new("--" + name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<bool> Flag(string name, string description) => new("--" + name) { Description = description };

    private static Option<string[]> List(string name, string description) =>
        new("--" + name) { Description = description, DefaultValueFactory = _ => [] };

    private static Option<bool> Hidden(Option<bool> option)
    {
        option.Hidden = true;
        return option;
    }
}
