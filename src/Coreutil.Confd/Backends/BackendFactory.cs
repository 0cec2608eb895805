using System.Collections.Immutable;
using Coreutil.Etcd.Client;

namespace Coreutil.Confd.Backends;

/// <summary>Makes the backend the settings name.</summary>
internal static class BackendFactory
{
    private static readonly ImmutableArray<string> _notBuilt = ["etcdv3", "consul", "vault", "zookeeper", "redis", "dynamodb", "rancher", "ssm"];

    public static IBackend Create(ConfdSettings settings, TimeProvider time)
    {
        switch (settings.Backend)
        {
            case "etcd":
                var http = new EtcdHttpClient(new EtcdClientOptions
                {
                    Endpoints = [.. settings.Nodes.Select(Endpoint)],
                    Username = settings.Username,
                    Password = settings.Password,
                    CertFile = settings.ClientCertificate,
                    KeyFile = settings.ClientKey,
                    CaFile = settings.CertificateAuthorities,
                });
                return new EtcdBackend(new KeysApi(http), time, http);
            case "env":
                return new EnvironmentBackend(settings.Environment);
            case "file":
                return new FileBackend(settings.Files, settings.Filter, time);
            default:
                throw new ConfdException(_notBuilt.Contains(settings.Backend) ? $"backend {settings.Backend} is not built yet" : "Invalid backend");
        }
    }

    private static Uri Endpoint(string node) =>
        Uri.TryCreate(node.Contains("://", StringComparison.Ordinal) ? node : $"http://{node}", UriKind.Absolute, out var uri)
            ? uri
            : throw new ConfdException($"node {node} is no URL");
}
