using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Coreutil.FunctionalTests;

/// <summary>A daemon under test: started, asked until it answers, and ended with the test, whatever happened.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private static readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly StringWriter _log = new(CultureInfo.InvariantCulture);

    private Daemon(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static HttpClient Http => _http;

    public int ProcessId => _process.Id;

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

    /// <summary>A port that nothing listened on a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static async Task<Daemon> StartAsync(
        string file, IEnumerable<string> arguments, Func<Task<bool>> answers, IReadOnlyDictionary<string, string>? environment = null, string? directory = null)
    {
        var daemon = new Daemon(Published.Start(file, arguments, environment, directory));
        try
        {
            await daemon.UntilAsync(answers, TimeSpan.FromSeconds(30), "it does not answer");
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>An etcd member on free ports, with the event window of the recorded cases.</summary>
    public static async Task<(Daemon Daemon, string Url)> StartEtcdAsync(
        string dataDirectory, int? port = null, string[]? arguments = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        string url = $"http://127.0.0.1:{port ?? FreePort()}";
        string peer = $"http://127.0.0.1:{FreePort()}";
        var daemon = await StartAsync(
            Published.Link("etcd"),
            [
                "--name", "m", "--data-dir", dataDirectory, "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"m={peer}",
                .. arguments ?? [],
            ],
            () => SucceedsAsync($"{url}/health"),
            new Dictionary<string, string>(environment ?? new Dictionary<string, string>()) { ["ETCD_EVENT_WINDOW"] = "1000" });
        return (daemon, url);
    }

    public static async Task<bool> SucceedsAsync(string url)
    {
        try
        {
            using var reply = await _http.GetAsync(new Uri(url));
            return reply.IsSuccessStatusCode;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>Waits for a condition; the failure carries the daemon's log.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, TimeSpan limit, string failure)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.False(_process.HasExited, $"{failure}: the process ended with {(_process.HasExited ? _process.ExitCode : 0)}\n{Log}");
            Assert.True(waited.Elapsed < limit, $"{failure} (waited {limit})\n{Log}");
            await Task.Delay(100);
        }
    }

    /// <summary>Sends a signal and returns the exit code (128 + signal where one ended it).</summary>
    public async Task<int> EndAsync(string signal)
    {
        await Published.RunAsync("/bin/kill", ["-s", signal, ProcessId.ToString(CultureInfo.InvariantCulture)]);
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(late.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await EndAsync("TERM");
        }

        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_gate)
        {
            _log.WriteLine(line);
        }
    }
}
