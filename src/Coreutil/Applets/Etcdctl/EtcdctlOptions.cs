using System.CommandLine;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Etcdctl;

/// <summary>The options before the command, in help's order.</summary>
internal sealed class EtcdctlOptions
{
    public Option<bool> Debug { get; } = new("--debug") { Description = "output cURL commands which can be used to reproduce the request" };

    public Option<bool> NoSync { get; } = new("--no-sync") { Description = "don't synchronize cluster information before sending request" };

    public Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "output response in the given format (`simple`, `extended` or `json`)",
        HelpName = KeyPrinter.Simple,
        DefaultValueFactory = _ => KeyPrinter.Simple,
    };

    public Option<string> DiscoverySrv { get; } = Text("domain name to query for SRV records describing cluster endpoints", "--discovery-srv", "-D");

    public Option<string> Peers { get; } = Text("DEPRECATED - \"--endpoints\" should be used instead", "--peers", "-C");

    public Option<string> Endpoint { get; } = Text("DEPRECATED - \"--endpoints\" should be used instead", "--endpoint");

    public Option<string> Endpoints { get; } =
        Text($"a comma-delimited list of machine addresses in the cluster (default: \"{EtcdctlEndpoints.Default}\")", "--endpoints");

    public Option<string> CertFile { get; } = Text("identify HTTPS client using this SSL certificate file", "--cert-file");

    public Option<string> KeyFile { get; } = Text("identify HTTPS client using this SSL key file", "--key-file");

    public Option<string> CaFile { get; } = Text("verify certificates of HTTPS-enabled servers using this CA bundle", "--ca-file");

    public Option<string> Username { get; } = Text("provide username[:password] and prompt if password is not supplied.", "--username", "-u");

    public Option<TimeSpan> Timeout { get; } = Duration("connection timeout per request", "--timeout", "1s");

    public Option<TimeSpan> TotalTimeout { get; } = Duration("timeout for the command execution (except watch)", "--total-timeout", "5s");

    /// <summary>Ours: not in the original's help.</summary>
    public Option<bool> Strict { get; } = new("--strict")
    {
        Description = "usage errors and unknown commands exit with 1 and speak on stderr; cluster-health wants every member; -o json holds for ls and directories, too",
        Hidden = true,
    };

    public IEnumerable<Option> All =>
        [Debug, NoSync, Output, DiscoverySrv, Peers, Endpoint, Endpoints, CertFile, KeyFile, CaFile, Username, Timeout, TotalTimeout, Strict];

    private static Option<string> Text(string description, string name, params string[] aliases) => new(name, aliases) { Description = description };

    private static Option<TimeSpan> Duration(string description, string name, string standard) => new(name)
    {
        Description = description,
        HelpName = standard,
        DefaultValueFactory = _ => Parse(standard),
        CustomParser = result => Parse(result.Tokens[^1].Value),
    };

    /// <summary>The style has refused what is no duration.</summary>
    private static TimeSpan Parse(string text) => GoDuration.TryParse(text, out var duration) ? duration : throw new FormatException(text);
}
