using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Core.Net;
using Coreutil.Etcd.Client;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd.Backends;

/// <summary>A backend and the addresses it asks, for the log.</summary>
internal sealed record OpenedBackend(IBackend Backend, ImmutableArray<string> Sources) : IDisposable
{
    public void Dispose() => Backend.Dispose();
}

/// <summary>Makes the backend the settings name. Nothing is asked of it yet.</summary>
internal static class BackendFactory
{
    private static readonly ImmutableArray<string> _unsupported = ["vault", "zookeeper", "dynamodb", "rancher", "ssm"];

    public static async Task<OpenedBackend> OpenAsync(ConfdSettings settings, ILogger log, TimeProvider time, CancellationToken cancel)
    {
        if (_unsupported.Contains(settings.Backend))
        {
            throw new ConfdException($"backend {settings.Backend} is not supported by this confd; it has etcd, etcdv3, consul, redis, env and file");
        }

        var nodes = await NodesAsync(settings, log, time, cancel);
        return new OpenedBackend(Create(settings, nodes, time), nodes);
    }

    private static IBackend Create(ConfdSettings settings, ImmutableArray<string> nodes, TimeProvider time)
    {
        switch (settings.Backend)
        {
            case "etcd":
                var http = new EtcdHttpClient(OptionsOf(settings, [.. nodes.Select(node => Endpoint(node, "http"))], settings.Username));
                return new EtcdBackend(new KeysApi(http), time, http);
            case "etcdv3":
                string scheme = settings.CertificateAuthorities is null && settings.ClientCertificate is null ? "http" : "https";
                var gateway = new EtcdHttpClient(OptionsOf(settings, [.. nodes.Select(node => Endpoint(node, scheme))], username: null));
                return new EtcdV3Backend(gateway, settings.Username, settings.Password, time);
            case "consul":
                return new ConsulBackend(
                    OptionsOf(settings, [.. nodes.Select(node => Endpoint(node, settings.Scheme))], settings.Username),
                    settings.Environment.GetValueOrDefault("CONSUL_HTTP_TOKEN"), time);
            case "redis":
                // The original takes the password from -client-key; -password is what one would look for.
                return new RedisBackend(nodes, settings.Password ?? settings.ClientKey, settings.Separator, time);
            case "env":
                return new EnvironmentBackend(settings.Environment);
            case "file":
                return new FileBackend(settings.Files, settings.Filter, time);
            default:
                throw new ConfdException("Invalid backend");
        }
    }

    private static EtcdClientOptions OptionsOf(ConfdSettings settings, ImmutableArray<Uri> endpoints, string? username) => new()
    {
        Endpoints = endpoints,
        Username = username,
        Password = settings.Password,
        CertFile = settings.ClientCertificate,
        KeyFile = settings.ClientKey,
        CaFile = settings.CertificateAuthorities,
    };

    /// <summary>Those that a service record names, sorted as their priorities say; else those that were given; else the backend's usual ones.</summary>
    private static async Task<ImmutableArray<string>> NodesAsync(ConfdSettings settings, ILogger log, TimeProvider time, CancellationToken cancel)
    {
        if (settings.ServiceRecord.Length == 0 || settings.Backend is "env" or "file")
        {
            return settings.Nodes.IsEmpty ? DefaultNodes(settings) : settings.Nodes;
        }

        log.ServiceRecordSet(settings.ServiceRecord);
        try
        {
            var records = await SrvResolver.OfSystem(time).LookUpAsync(settings.ServiceRecord.TrimEnd('.'), cancel);
            string scheme = settings.Backend == "etcd" ? settings.Scheme + "://" : "";
            return [.. records.Select(record => string.Create(CultureInfo.InvariantCulture, $"{scheme}{record.Target.TrimEnd('.')}:{record.Port}"))];
        }
        catch (SrvLookupException failure)
        {
            throw new ConfdException($"Cannot get nodes from SRV records {failure.Message}", failure);
        }
    }

    private static ImmutableArray<string> DefaultNodes(ConfdSettings settings) => settings.Backend switch
    {
        "etcd" => settings.Environment.GetValueOrDefault("ETCDCTL_PEERS") is { Length: > 0 } peers ? [.. peers.Split(',')] : ["http://127.0.0.1:4001"],
        "etcdv3" => ["127.0.0.1:2379"],
        "consul" => ["127.0.0.1:8500"],
        "redis" => ["127.0.0.1:6379"],
        _ => [],
    };

    private static Uri Endpoint(string node, string scheme) =>
        Uri.TryCreate(node.Contains("://", StringComparison.Ordinal) ? node : $"{scheme}://{node}", UriKind.Absolute, out var uri)
            ? uri
            : throw new ConfdException($"node {node} is no URL");
}
