using System.Collections.Immutable;
using System.Net;

namespace Coreutil.Supervisor;

/// <summary>How a supervisor runs on this machine.</summary>
public sealed record UnitdOptions
{
    /// <summary>Socket, loaded units, journals and what a crash must not lose.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where unit files that were loaded over the socket are kept; null: <c>units</c> in the state directory.</summary>
    public string? UnitsDirectory { get; init; }

    public string LoadedUnits => UnitsDirectory ?? Path.Combine(StateDirectory, "units");

    /// <summary>Directories with unit files besides the loaded ones, the first one wins.</summary>
    public ImmutableArray<string> UnitPath { get; init; } = [];

    /// <summary>Where our own programs are linked; first in the PATH of units.</summary>
    public string? BinDirectory { get; init; }

    /// <summary>COREOS_PRIVATE_IPV4 and COREOS_PUBLIC_IPV4 of units.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The client port whose answering makes etcd.service active.</summary>
    public IPEndPoint EtcdEndpoint { get; init; } = new(IPAddress.Loopback, 2379);

    /// <summary>The line to the guard above this process; null where there is none.</summary>
    public int? GuardDescriptor { get; init; }

    public string SocketPath => Path.Combine(StateDirectory, SocketName);

    public const string SocketName = "unitd.sock";
}

/// <summary>The supervisor cannot start or be reached; the message is one line for the operator.</summary>
public sealed class UnitdException(string message, Exception? inner = null) : Exception(message, inner);
