using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Coreutil.FleetSimulation;

// usage: Coreutil.FleetSimulation COREUTIL MACHINES UNITS [IDLE-SECONDS]
if (args is not [var binary, var machines, var units, ..])
{
    Console.Error.WriteLine("usage: Coreutil.FleetSimulation COREUTIL-BINARY MACHINES UNITS [IDLE-SECONDS]");
    return 2;
}

string data = Directory.CreateTempSubdirectory("fleet-simulation-etcd-").FullName;
string client = $"http://127.0.0.1:{FreePort()}";
string peer = $"http://127.0.0.1:{FreePort()}";
string[] arguments =
[
    "etcd", "--name", "m", "--data-dir", data, "--listen-client-urls", client, "--advertise-client-urls", client,
    "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"m={peer}",
];
using var etcd = Process.Start(new ProcessStartInfo(binary, arguments) { RedirectStandardError = true })!;
etcd.ErrorDataReceived += (_, _) => { };
etcd.BeginErrorReadLine();
try
{
    using var http = new HttpClient();
    for (int attempt = 0; attempt < 100; attempt++)
    {
        try
        {
            (await http.GetAsync(new Uri($"{client}/health"))).EnsureSuccessStatusCode();
            break;
        }
        catch (HttpRequestException)
        {
            await Task.Delay(100);
        }
    }

    using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
    await using var simulation = new Simulation(Number(machines), Number(units), new(client), Console.Out);
    await simulation.RunAsync(TimeSpan.FromSeconds(args.Length > 3 ? Number(args[3]) : 30), limit.Token);
    return 0;
}
finally
{
    etcd.Kill();
    await etcd.WaitForExitAsync();
    Directory.Delete(data, recursive: true);
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int FreePort()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}
