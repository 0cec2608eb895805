using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.Applets.Fleetctl.Ssh;

/// <summary>fleetctl's ssh options in terms of OpenSSH's. The original has a client of its own; ours is the system's.</summary>
internal sealed record SshSettings
{
    public const int DefaultPort = 22;

    public string Username { get; init; } = "core";

    public double TimeoutSeconds { get; init; } = 10;

    public string KnownHostsFile { get; init; } = "";

    /// <summary>The lines of that file.</summary>
    public ImmutableArray<string> KnownHosts { get; init; } = [];

    public bool IsStrict { get; init; } = true;

    /// <summary>Empty, or a bastion as <c>host</c> or <c>host:port</c>: everything goes through it.</summary>
    public string Tunnel { get; init; } = "";

    /// <summary>A host without a port of its own gets <paramref name="port"/>; an IPv6 address with a port stands in brackets.</summary>
    public static (string Host, int Port) Split(string address, int port = DefaultPort)
    {
        int colon = address.LastIndexOf(':');
        bool hasPort = colon > 0 && (address[colon - 1] == ']' || address.IndexOf(':', StringComparison.Ordinal) == colon);
        return hasPort && int.TryParse(address[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int own)
            ? (address[..colon].Trim('[', ']'), own)
            : (address.Trim('[', ']'), port);
    }

    /// <summary>The vector for a command (empty: a shell) on a host, by way of the tunnel if there is one.</summary>
    public ImmutableArray<string> CommandOn(string host, int port, bool isForwardingAgent, bool isTerminal, string command)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        words.AddRange(Options(host, port, isForwardingAgent));
        if (Tunnel.Length > 0)
        {
            var (bastion, bastionPort) = Split(Tunnel);
            string jump = string.Join(' ', ((string[])["ssh", .. Options(bastion, bastionPort, isForwardingAgent: false), .. To(bastion, bastionPort, ["-W", "[%h]:%p"])]).Select(Quote));
            words.AddRange("-o", $"ProxyCommand={jump}");
        }

        words.AddRange(To(host, port, [isTerminal ? "-t" : "-T"]));
        if (command.Length > 0)
        {
            words.Add(command);
        }

        return words.ToImmutable();
    }

    /// <summary>The vector for a byte stream from the bastion to a TCP address (<c>host:port</c>).</summary>
    public ImmutableArray<string> StreamThroughTunnel(string target)
    {
        var (bastion, port) = Split(Tunnel);
        return [.. Options(bastion, port, isForwardingAgent: false), .. To(bastion, port, ["-W", target])];
    }

    /// <summary>The vector for a byte stream to a unix socket of the bastion, where fleetctl connects the two.</summary>
    public ImmutableArray<string> SocketThroughTunnel(string path)
    {
        var (bastion, port) = Split(Tunnel);
        return [.. Options(bastion, port, isForwardingAgent: false), .. To(bastion, port, ["-T"]), $"fleetctl fd-forward {path}"];
    }

    /// <summary>The vector for a local port that the bastion forwards to a TCP address.</summary>
    public ImmutableArray<string> PortThroughTunnel(int localPort, string target)
    {
        var (bastion, port) = Split(Tunnel);
        string forward = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{localPort}:{target}");
        return [.. Options(bastion, port, isForwardingAgent: false), .. To(bastion, port, ["-N", "-o", "ExitOnForwardFailure=yes", "-L", forward])];
    }

    private static string[] To(string host, int port, string[] options) => [.. options, "-p", port.ToString(CultureInfo.InvariantCulture), "--", host];

    private string[] Options(string host, int port, bool isForwardingAgent) =>
    [
        "-l", Username,
        .. PrefersEcdsa(host, port) ? (string[])["-o", "HostKeyAlgorithms=^ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"] : [],
        "-o", string.Create(CultureInfo.InvariantCulture, $"ConnectTimeout={Math.Max(1, Math.Ceiling(TimeoutSeconds))}"),
        "-o", $"ForwardAgent={(isForwardingAgent ? "yes" : "no")}",
        "-o", "GlobalKnownHostsFile=/dev/null",
        .. IsStrict
            ? (string[])["-o", $"UserKnownHostsFile={KnownHostsFile}", "-o", "StrictHostKeyChecking=ask", "-o", "HashKnownHosts=no", "-o", "CheckHostIP=no"]
            : ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"],
    ];

    /// <summary>The original asks for an ECDSA key first; a host that is known by another one only is asked for that.</summary>
    private bool PrefersEcdsa(string host, int port)
    {
        string name = port == DefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}");
        string[] types = [.. KnownHosts.Select(line => line.Split(' ')).Where(words => words.Length > 1 && words[0].Split(',').Contains(name)).Select(words => words[1])];
        return types.Length == 0 || types.Any(type => type.StartsWith("ecdsa", StringComparison.Ordinal));
    }

    // ssh hands the command of a proxy to a shell, and %h and %p have to stay as they are.
    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
