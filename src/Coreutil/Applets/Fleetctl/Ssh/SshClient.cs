using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Fleetctl.Ssh;

/// <summary>ssh cannot be started or did not get through; the message is one line.</summary>
internal sealed class SshException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Starts the system's ssh. Its questions about host keys are asked on our stdin, as the original's are, where that is no terminal.</summary>
internal sealed class SshClient(SshSettings settings, AppletContext context) : IDisposable
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(50);
    private DirectoryInfo? _askDirectory;
    private Process? _forward;

    public SshSettings Settings => settings;

    /// <summary>Runs a command (empty: a shell) with our own streams, and gives its exit code; ssh's own is 255.</summary>
    public async Task<int> RunAsync(string host, int port, bool isForwardingAgent, string command, CancellationToken cancel)
    {
        using var process = Start(Current.CommandOn(host, port, isForwardingAgent, context.IsInputTerminal, command), isPiped: false);
        await process.WaitForExitAsync(cancel);
        return process.ExitCode;
    }

    /// <summary>A byte stream through the tunnel to a TCP address (<c>host:port</c>) or, with a slash, to a unix socket of the bastion.</summary>
    public Stream Open(string target) => new ProcessStream(Start(
        target.StartsWith('/') ? Current.SocketThroughTunnel(target) : Current.StreamThroughTunnel(target), isPiped: true));

    /// <summary>A local port forwarded to <paramref name="target"/>, open until this object is disposed of.</summary>
    /// <exception cref="SshException">ssh ended before the port was open.</exception>
    public async Task<int> ForwardAsync(string target, CancellationToken cancel)
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            listener.Stop();
            _forward = Start(Current.PortThroughTunnel(port, target), isPiped: true);
            while (!await IsOpenAsync(port, cancel))
            {
                if (_forward.HasExited)
                {
                    throw new SshException($"failed initializing SSH client: ssh ended with {_forward.ExitCode.ToString(CultureInfo.InvariantCulture)}");
                }

                await Task.Delay(_poll, context.Time, cancel);
            }

            return port;
        }
    }

    public void Dispose()
    {
        if (_forward is { HasExited: false })
        {
            _forward.Kill();
        }

        _forward?.Dispose();
        _askDirectory?.Delete(recursive: true);
    }

    /// <summary>With what the file of known hosts says by now.</summary>
    private SshSettings Current => settings.IsStrict && File.Exists(settings.KnownHostsFile) ? settings with { KnownHosts = [.. File.ReadLines(settings.KnownHostsFile)] } : settings;

    private Process Start(ImmutableArray<string> arguments, bool isPiped)
    {
        var start = new ProcessStartInfo("ssh", arguments) { RedirectStandardInput = isPiped, RedirectStandardOutput = isPiped };
        if (settings.IsStrict)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(settings.KnownHostsFile))!);
        }

        if (!context.IsInputTerminal)
        {
            _askDirectory ??= CreateAskDirectory();
            start.Environment["SSH_ASKPASS"] = Path.Combine(_askDirectory.FullName, SshAskApplet.Name);
            start.Environment["SSH_ASKPASS_REQUIRE"] = "force";
            start.Environment[SshAskApplet.InputVariable] = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/0");
        }

        try
        {
            return Process.Start(start) ?? throw new SshException("ssh did not start");
        }
        catch (Win32Exception missing)
        {
            throw new SshException($"cannot start ssh: install OpenSSH's client (openssh-client): {missing.Message}", missing);
        }
    }

    // ssh takes a program without arguments: a link by which the binary knows what it is asked to be.
    private DirectoryInfo CreateAskDirectory()
    {
        var directory = Directory.CreateTempSubdirectory("fleetctl-");
        File.CreateSymbolicLink(Path.Combine(directory.FullName, SshAskApplet.Name), context.ExecutablePath);
        return directory;
    }

    private static async Task<bool> IsOpenAsync(int port, CancellationToken cancel)
    {
        using var probe = new TcpClient();
        try
        {
            await probe.ConnectAsync(IPAddress.Loopback, port, cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
