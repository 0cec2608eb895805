using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Coreutil.Core.CommandLine;
using Coreutil.Core.Tls;
using Coreutil.Etcd.Server;
using Coreutil.Etcd.Server.Membership;

namespace Coreutil.Applets.Etcd;

/// <summary>What flags and environment come to: the configuration, what to warn of, or the one line that says what is wrong.</summary>
internal sealed record EtcdSettings(EtcdConfig Config, Joining Joining, bool IsDebug, ImmutableArray<string> Warnings, string? Failure)
{
    public const string AdvertiseRequired = "-advertise-client-urls is required when -listen-client-urls is set explicitly";

    /// <summary>A flag wins over its variable; an empty variable counts as unset.</summary>
    public static EtcdSettings Read(IReadOnlyDictionary<string, string> flags, Func<string, string?> variable)
    {
        string? failure = null;
        var given = new Dictionary<string, string>(flags, StringComparer.Ordinal);
        foreach (var flag in EtcdFlags.All.Where(flag => !given.ContainsKey(flag.Name)))
        {
            if (variable(flag.Variable) is { Length: > 0 } value)
            {
                given[flag.Name] = value;
                failure ??= EtcdFlagValues.Refuse(flag.Name, value) is { } reason ? $"invalid value {GoQuote.Quote(value)} for {flag.Variable}: {reason}" : null;
            }
        }

        var warnings = EtcdFlags.Ignored.Where(flag => given.ContainsKey(flag.Name))
            .Select(flag => $"flags: flag \"-{flag.Name}\" is no longer supported - ignoring.").ToImmutableArray();
        try
        {
            if (failure is not null)
            {
                throw new FormatException(failure);
            }

            TranslateOldAddresses(given);
            var config = ToConfig(given);
            if (config.DataDirectory.Length == 0)
            {
                warnings = warnings.Add($"etcdmain: no data-dir provided, using default data-dir ./{config.EffectiveDataDirectory}");
            }

            return new EtcdSettings(config, ToJoining(given), Flag(given, "debug"), warnings, null);
        }
        catch (FormatException wrong)
        {
            return new EtcdSettings(new EtcdConfig(), new Joining(), false, warnings, wrong.Message);
        }
    }

    /// <summary>etcd.md §4: an address without a bind address binds its port everywhere; old and new form together are refused.</summary>
    private static void TranslateOldAddresses(Dictionary<string, string> given)
    {
        foreach (var (old, current) in EtcdFlags.OldAddresses)
        {
            if (given.TryGetValue(old.Name, out string? address))
            {
                if (given.ContainsKey(current))
                {
                    throw new FormatException($"Set only one of flags -{current} and -{old.Name}");
                }

                given[current] = "http://" + Address(old.Name, address);
            }
        }

        foreach (var (advertised, listen) in ((string, string)[])[("addr", "listen-client-urls"), ("peer-addr", "listen-peer-urls")])
        {
            if (given.TryGetValue(advertised, out string? address))
            {
                given.TryAdd(listen, $"http://[::]:{Address(advertised, address).Port}");
            }
        }
    }

    private static Joining ToJoining(Dictionary<string, string> given)
    {
        string url = Text(given, "discovery");
        if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
        {
            throw new FormatException($"invalid value {GoQuote.Quote(url)} for flag -discovery: it must be http://HOST/TOKEN or https://HOST/TOKEN");
        }

        string through = Text(given, "discovery-proxy");
        return new Joining
        {
            DiscoveryUrl = url,
            DiscoveryProxy = through.Length == 0 ? null : new Uri(through.StartsWith("http", StringComparison.Ordinal) ? through : "http://" + through),
            FallsBackToProxy = OneOf(given, "discovery-fallback", "exit", "proxy") == "proxy",
            SrvDomain = Text(given, "discovery-srv"),
            IsProxy = OneOf(given, "proxy", "off", "readonly", "on") != "off",
            Peers = Peers(given),
        };
    }

    private static ImmutableArray<string> Peers(Dictionary<string, string> given)
    {
        string text = given.GetValueOrDefault("peers", "");
        if (given.GetValueOrDefault("peers-file") is { Length: > 0 } file)
        {
            try
            {
                text = File.ReadAllText(file);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new FormatException($"-peers-file: {failure.Message}", failure);
            }
        }

        return [.. text.Split([',', '\n', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(peer => peer.Contains("://", StringComparison.Ordinal) ? peer.TrimEnd('/') : "http://" + peer)
            .Select(peer => UrlRules.Refuse(peer) is { } refusal ? throw new FormatException($"-peers: {refusal}") : peer)];
    }

    private static string OneOf(Dictionary<string, string> given, string name, params string[] allowed) =>
        allowed.Contains(Text(given, name), StringComparer.Ordinal)
            ? Text(given, name)
            : throw new FormatException($"invalid value {GoQuote.Quote(Text(given, name))} for flag -{name}: it must be one of {string.Join(", ", allowed)}");

    private static EtcdConfig ToConfig(Dictionary<string, string> given)
    {
        string[] bootstraps = [.. ((string[])["discovery", "initial-cluster", "discovery-srv"]).Where(name => given.GetValueOrDefault(name, "").Length > 0)];
        if (bootstraps.Length > 1)
        {
            throw new FormatException("multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery\" or \"discovery-srv\"");
        }

        // A proxy has nothing to advertise, and who may become one is let through (the original's rule).
        bool mayBeProxy = Text(given, "proxy") != "off" || (Text(given, "discovery").Length > 0 && Text(given, "discovery-fallback") == "proxy");
        if (given.ContainsKey("listen-client-urls") && !given.ContainsKey("advertise-client-urls") && !mayBeProxy)
        {
            throw new FormatException(AdvertiseRequired);
        }

        ulong heartbeat = Number(given, "heartbeat-interval");
        ulong election = Number(given, "election-timeout");
        if (heartbeat == 0 || 5 * heartbeat > election)
        {
            throw new FormatException($"-election-timeout[{election}ms] should be at least as 5 times as -heartbeat-interval[{heartbeat}ms]");
        }

        if (election > 50000)
        {
            throw new FormatException($"-election-timeout[{election}ms] is too long, and should be set less than 50000ms");
        }

        return new EtcdConfig
        {
            Name = Text(given, "name"),
            DataDirectory = given.GetValueOrDefault("data-dir", ""),
            WalDirectory = Text(given, "wal-dir"),
            ListenClientUrls = Urls(given, "listen-client-urls"),
            ListenPeerUrls = Urls(given, "listen-peer-urls"),
            AdvertiseClientUrls = Urls(given, "advertise-client-urls"),
            InitialAdvertisePeerUrls = Urls(given, "initial-advertise-peer-urls"),
            InitialCluster = Text(given, "initial-cluster"),
            InitialClusterToken = Text(given, "initial-cluster-token"),
            JoinsExistingCluster = OneOf(given, "initial-cluster-state", "new", "existing") == "existing",
            ForcesNewCluster = Flag(given, "force-new-cluster"),
            HasGivenPeerUrls = given.ContainsKey("initial-advertise-peer-urls"),
            IsReconfigurationStrict = Flag(given, "strict-reconfig-check"),
            SnapshotCount = Math.Max(1, Number(given, "snapshot-count")),
            MaximumSnapshots = Count(given, "max-snapshots"),
            MaximumWals = Count(given, "max-wals"),
            MaximumRequestBytes = Count(given, "max-request-bytes"),
            MaximumKeyBytes = Count(given, "max-key-bytes"),
            MaximumWatches = Count(given, "max-watches"),
            HeartbeatInterval = TimeSpan.FromMilliseconds(heartbeat),
            ElectionTimeout = TimeSpan.FromMilliseconds(election),
            Cors = [.. Text(given, "cors").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
            ClientTls = Tls(given, ""),
            PeerTls = Tls(given, "peer-"),
            Proxy = new ProxySettings
            {
                IsReadOnly = Text(given, "proxy") == "readonly",
                FailureWait = Milliseconds(given, "proxy-failure-wait"),
                RefreshInterval = Milliseconds(given, "proxy-refresh-interval"),
                DialTimeout = Milliseconds(given, "proxy-dial-timeout"),
                WriteTimeout = Milliseconds(given, "proxy-write-timeout"),
                ReadTimeout = Milliseconds(given, "proxy-read-timeout"),
            },
            EventWindow = given.ContainsKey("event-window") ? Math.Max(1, Count(given, "event-window")) : null,
        };
    }

    /// <summary>The older --ca-file stands for --trusted-ca-file and asks for certificates too.</summary>
    private static TlsSettings Tls(Dictionary<string, string> given, string prefix)
    {
        var settings = new TlsSettings(
            Text(given, prefix + "cert-file"),
            Text(given, prefix + "key-file"),
            Text(given, prefix + "trusted-ca-file") is { Length: > 0 } trusted ? trusted : Text(given, prefix + "ca-file"),
            Flag(given, prefix + "client-cert-auth") || Text(given, prefix + "ca-file").Length > 0);
        return settings.CertificateFile.Length == 0 == (settings.KeyFile.Length == 0)
            ? settings
            : throw new FormatException($"--{prefix}cert-file and --{prefix}key-file are given together or not at all");
    }

    private static string Text(Dictionary<string, string> given, string name) =>
        given.GetValueOrDefault(name) ?? EtcdFlags.Shown.First(flag => flag.Name == name).Default;

    private static bool Flag(Dictionary<string, string> given, string name) => GoFlags.ParseBoolean(Text(given, name)) ?? false;

    private static ulong Number(Dictionary<string, string> given, string name) =>
        ulong.TryParse(Text(given, name), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            ? number
            : throw new FormatException($"invalid value {GoQuote.Quote(Text(given, name))} for flag -{name}: not a number");

    private static int Count(Dictionary<string, string> given, string name) => (int)Math.Min(Number(given, name), int.MaxValue);

    private static TimeSpan Milliseconds(Dictionary<string, string> given, string name) => TimeSpan.FromMilliseconds(Count(given, name));

    private static ImmutableArray<Uri> Urls(Dictionary<string, string> given, string name)
    {
        string[] words = Text(given, name).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words.Length == 0 ? throw new FormatException($"--{name}: no valid URLs given") : [.. words.Order(StringComparer.Ordinal).Select(word => Url(name, word))];
    }

    /// <summary>The original's rules and words for a URL; a slash behind the port is forgiven.</summary>
    private static Uri Url(string name, string word)
    {
        string trimmed = word.TrimEnd('/');
        return UrlRules.Refuse(trimmed) is { } refusal ? throw new FormatException($"--{name}: {refusal}")
            : Uri.TryCreate(trimmed, UriKind.Absolute, out var url) ? url
            : throw new FormatException($"--{name}: not a URL: {word}");
    }

    private static IPEndPoint Address(string name, string text) =>
        IPEndPoint.TryParse(text, out var address) && address.Port != 0 && text.Contains(':', StringComparison.Ordinal)
            ? address
            : throw new FormatException($"invalid value {GoQuote.Quote(text)} for flag -{name}: it must be ip:port");
}
