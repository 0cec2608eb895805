using System.Net;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Server.Membership;

namespace Coreutil.Applets.Etcd;

/// <summary>What the original refuses of a flag's value while it reads the command line, and its words for it.</summary>
internal static class EtcdFlagValues
{
    /// <summary>The reason; null when the value will do.</summary>
    public static string? Refuse(string name, string value) => name switch
    {
        "listen-client-urls" or "listen-peer-urls" or "advertise-client-urls" or "initial-advertise-peer-urls" => RefuseUrls(value),
        "addr" or "bind-addr" or "peer-addr" or "peer-bind-addr" => RefuseAddress(value),
        "proxy" => OneOf(value, "off", "readonly", "on"),
        "discovery-fallback" => OneOf(value, "exit", "proxy"),
        "initial-cluster-state" => OneOf(value, "new", "existing"),
        _ => EtcdFlags.All.FirstOrDefault(flag => flag.Name == name)?.Kind switch
        {
            EtcdFlagKind.Number => GoFlags.RefuseUnsigned(value),
            EtcdFlagKind.Boolean => GoFlags.ParseBoolean(value) is null ? "parse error" : null,
            _ => null,
        },
    };

    private static string? RefuseUrls(string value)
    {
        // A slash behind the port is forgiven here.
        string[] urls = [.. value.Split(',').Select(url => url.Trim().TrimEnd('/'))];
        return UrlRules.Refuse(urls);
    }

    private static string? RefuseAddress(string value)
    {
        int colon = value.LastIndexOf(':');
        if (colon < 0)
        {
            return value.Length == 0 ? "missing port in address" : $"address {value}: missing port in address";
        }

        return !IPAddress.TryParse(value[..colon].Trim('[', ']'), out _) ? "bad IP in address specification"
            : GoFlags.RefuseUnsigned(value[(colon + 1)..]) is null ? null : "bad port in address specification";
    }

    private static string? OneOf(string value, params string[] allowed) => allowed.Contains(value, StringComparer.Ordinal) ? null : "invalid value";
}
