using System.Diagnostics;
using System.Globalization;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>One member's process on its machine; it can be killed, frozen and started again on the same data.</summary>
internal sealed class ClusterMember(string name, string address, string? networkNamespace, string dataDirectory) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly StringWriter _log = new(CultureInfo.InvariantCulture);
    private Process? _process;

    public string Name => name;

    public string ClientUrl => $"http://{address}:2379";

    public string PeerUrl => $"http://{address}:2380";

    public string DataDirectory => dataDirectory;

    public bool IsRunning => _process is { HasExited: false };

    public int ProcessId => _process!.Id;

    public int ExitCode => _process!.ExitCode;

    public string Log
    {
        get
        {
            lock (_gate)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>What it is started with, beside its own addresses.</summary>
    public IReadOnlyList<string> Arguments { get; set; } = [];

    public void Start()
    {
        string[] command =
        [
            Published.Link("etcd"), "--name", name, "--data-dir", dataDirectory,
            "--listen-client-urls", ClientUrl, "--advertise-client-urls", ClientUrl,
            "--listen-peer-urls", PeerUrl, "--initial-advertise-peer-urls", PeerUrl, .. Arguments,
        ];
        if (networkNamespace is not null)
        {
            command = ["ip", "netns", "exec", networkNamespace, .. command];
        }

        var process = Published.Start(command[0], command[1..]);
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process?.Dispose();
        _process = process;
    }

    /// <summary>Sends a signal: KILL, STOP, CONT, TERM.</summary>
    public async Task SignalAsync(string signal)
    {
        if (IsRunning)
        {
            await Published.RunAsync("/bin/kill", ["-s", signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        }
    }

    public async Task EndAsync(string signal)
    {
        await SignalAsync(signal);
        await UntilEndedAsync();
    }

    public async Task UntilEndedAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process!.WaitForExitAsync(late.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await EndAsync("KILL");
        }

        _process?.Dispose();
        _process = null;
    }

    private void Append(string? line)
    {
        lock (_gate)
        {
            _log.WriteLine(line);
        }
    }
}
