using System.Collections.Immutable;
using Coreutil.Core.Net;

namespace Coreutil.Etcd.Client;

/// <summary>A cluster's client URLs by its domain: <c>_etcd-client-ssl._tcp</c> speaks TLS, <c>_etcd-client._tcp</c> does not; both count.</summary>
public static class SrvDiscovery
{
    /// <exception cref="SrvLookupException">Neither name has records.</exception>
    public static async Task<ImmutableArray<string>> FindAsync(SrvResolver resolver, string domain, CancellationToken cancel)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        var failures = new List<string>();
        foreach (var (service, scheme) in ((string, string)[])[("_etcd-client-ssl", "https"), ("_etcd-client", "http")])
        {
            await AddAsync(resolver, $"{service}._tcp.{domain}", scheme, found, failures, cancel);
        }

        return failures.Count < 2 ? found.ToImmutable() : throw new SrvLookupException($"dns lookup errors: {failures[0]} and {failures[1]}");
    }

    private static async Task AddAsync(
        SrvResolver resolver, string name, string scheme, ImmutableArray<string>.Builder found, List<string> failures, CancellationToken cancel)
    {
        try
        {
            found.AddRange((await resolver.LookUpAsync(name, cancel)).Select(record => $"{scheme}://{record.Target}:{record.Port}"));
        }
        catch (SrvLookupException failure)
        {
            failures.Add(failure.Message);
        }
    }
}
