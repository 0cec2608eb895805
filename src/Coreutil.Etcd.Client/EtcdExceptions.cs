using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Client;

/// <summary>The server refused; thrown by the client only.</summary>
public sealed class EtcdException(EtcdError error, Exception? inner = null) : Exception(error.ToString(), inner)
{
    public EtcdError Error => error;
}

/// <summary>No endpoint answered. The message lists each attempt as etcdctl does.</summary>
public sealed class EtcdUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
