using System.Collections.Immutable;

namespace Coreutil.Applets.Etcd;

/// <summary>How a process without a data directory finds the cluster it is to be of, or to pass requests on to.</summary>
internal sealed record Joining
{
    /// <summary>Empty: none. As given, since the ids of the members follow from it.</summary>
    public string DiscoveryUrl { get; init; } = "";

    public Uri? DiscoveryProxy { get; init; }

    /// <summary>What becomes of a machine that finds the cluster complete without it: a proxy, or nothing.</summary>
    public bool FallsBackToProxy { get; init; } = true;

    public string SrvDomain { get; init; } = "";

    /// <summary>Passes requests on, whatever else is set.</summary>
    public bool IsProxy { get; init; }

    /// <summary>0.4's <c>-peers</c> as peer URLs.</summary>
    public ImmutableArray<string> Peers { get; init; } = [];
}
