using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;

namespace Coreutil.Supervisor.Units;

/// <summary>
/// The services and targets of a host that unit files of the time require. Here there is no such unit, but the thing itself may be there: the store on its
/// port, Docker on its socket. Targets are reached as soon as the supervisor runs.
/// </summary>
public sealed class HostStandIns(IPEndPoint etcd, string dockerSocket = "/var/run/docker.sock")
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    private static readonly FrozenSet<string> _targets = FrozenSet.ToFrozenSet(
    [
        "basic.target", "default.target", "local-fs.target", "multi-user.target", "network-online.target", "network.target", "paths.target",
        "remote-fs.target", "sockets.target", "sysinit.target", "timers.target",
    ]);

    public static IEnumerable<string> Targets => _targets;

    /// <summary>True where a name that has no file still names something of the host.</summary>
    public bool Knows(string unit) =>
        unit is "etcd.service" or "etcd2.service" or "fleet.service" || _targets.Contains(unit) || (unit == "docker.service" && File.Exists(dockerSocket));

    /// <summary>Whether the thing answers now.</summary>
    public async Task<bool> ProbeAsync(string unit, CancellationToken cancel)
    {
        EndPoint? endpoint = unit switch
        {
            "etcd.service" or "etcd2.service" => etcd,
            "docker.service" => new UnixDomainSocketEndPoint(dockerSocket),
            _ => null,
        };
        if (endpoint is null)
        {
            return true;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(_patience);
        using var socket = endpoint is IPEndPoint
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endpoint, limit.Token);
            return true;
        }
        catch (Exception silent) when (silent is SocketException || (silent is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
