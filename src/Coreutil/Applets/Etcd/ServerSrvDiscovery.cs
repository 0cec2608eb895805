using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Coreutil.Core.Net;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Etcd;

/// <summary>The initial cluster by DNS: <c>_etcd-server-ssl._tcp</c> speaks TLS, <c>_etcd-server._tcp</c> does not; both count (etcd.md §5).</summary>
internal static partial class ServerSrvDiscovery
{
    /// <summary>As <c>name=url,…</c>: the entry at one of our own addresses has our name, the others are numbered.</summary>
    /// <exception cref="SrvLookupException">Neither name has records, or our own host is not known.</exception>
    public static async Task<string> FindAsync(
        SrvResolver resolver, string domain, string name, ImmutableArray<Uri> advertised, ILogger logger, CancellationToken cancel)
    {
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var url in advertised)
        {
            own.Add(await AddressAsync(url.DnsSafeHost, url.Port, cancel)
                ?? throw new SrvLookupException($"couldn't resolve host {url.Authority} during SRV discovery"));
        }

        var entries = new List<string>();
        var failures = new List<string>();
        int number = 0;
        foreach (var (service, scheme) in ((string, string)[])[("etcd-server-ssl", "https"), ("etcd-server", "http")])
        {
            try
            {
                foreach (var record in await resolver.LookUpAsync($"_{service}._tcp.{domain}", cancel))
                {
                    string target = record.Target.TrimEnd('.');
                    if (await AddressAsync(target, record.Port, cancel) is not { } address)
                    {
                        LogUnresolved(logger, $"{target}:{record.Port}");
                        continue;
                    }

                    string entry = own.Contains(address) ? name : $"{number++}";
                    entries.Add($"{entry}={scheme}://{target}:{record.Port}");
                    LogFound(logger, service, $"{scheme}://{target}:{record.Port}");
                }
            }
            catch (SrvLookupException failure)
            {
                failures.Add($"error querying DNS SRV records for _{service} {failure.Message}");
            }
        }

        return failures.Count < 2
            ? string.Join(',', entries)
            : throw new SrvLookupException($"SRV discovery failed: too many errors querying DNS SRV records: {failures[0]}; {failures[1]}");
    }

    private static async Task<string?> AddressAsync(string host, int port, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return new IPEndPoint(literal, port).ToString();
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancel);
            return addresses.OrderBy(address => address.AddressFamily).FirstOrDefault() is { } first ? new IPEndPoint(first, port).ToString() : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    [LoggerMessage(EventId = 45, Level = LogLevel.Warning, Message = "discovery: couldn't resolve host {Host} during SRV discovery")]
    private static partial void LogUnresolved(ILogger logger, string host);

    [LoggerMessage(EventId = 46, Level = LogLevel.Information, Message = "discovery: got bootstrap from DNS for {Service} at {Url}")]
    private static partial void LogFound(ILogger logger, string service, string url);
}
