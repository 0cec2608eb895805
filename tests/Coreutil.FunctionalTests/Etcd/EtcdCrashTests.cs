using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Coreutil.FunctionalTests.Etcd;

/// <summary>kill -9 under load, again and again, on one data directory. COREUTIL_CRASH_ROUNDS makes the run longer.</summary>
public sealed class EtcdCrashTests : IDisposable
{
    private const int DefaultRounds = 5;
    private const int Writers = 8;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task No_acknowledged_write_is_lost_however_often_it_is_killed()
    {
        string? asked = Environment.GetEnvironmentVariable("COREUTIL_CRASH_ROUNDS");
        int rounds = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : DefaultRounds;
        int[] acknowledged = new int[Writers];
        int[] sent = new int[Writers];
        for (int round = 0; round <= rounds; round++)
        {
            // Few entries a snapshot, so that kills meet snapshots and dropped segments too.
            var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"], arguments: ["--snapshot-count", "100"]);
            await using (daemon)
            {
                for (int writer = 0; writer < Writers; writer++)
                {
                    int stored = await ReadAsync($"{url}/v2/keys/w{writer}");
                    Assert.True(
                        acknowledged[writer] <= stored && stored <= sent[writer],
                        $"round {round}, writer {writer}: {acknowledged[writer]} was acknowledged, {sent[writer]} sent, {stored} is there\n{daemon.Log}");
                    acknowledged[writer] = sent[writer] = stored;
                }

                if (round == rounds)
                {
                    return;
                }

                int goal = acknowledged.Sum() + 400;
                var writing = Enumerable.Range(0, Writers).Select(writer => WriteAsync(url, writer, acknowledged, sent)).ToArray();
                await daemon.UntilAsync(() => Task.FromResult(acknowledged.Sum() >= goal), TimeSpan.FromSeconds(60), "it takes no writes");
                Assert.Equal(137, await daemon.EndAsync("KILL"));
                await Task.WhenAll(writing);
            }
        }
    }

    /// <summary>Counts up one key until the connection breaks.</summary>
    private static async Task WriteAsync(string url, int writer, int[] acknowledged, int[] sent)
    {
        try
        {
            for (; ; )
            {
                int next = acknowledged[writer] + 1;
                sent[writer] = next;
                using var form = new FormUrlEncodedContent([KeyValuePair.Create("value", $"{next}")]);
                using var reply = await Daemon.Http.PutAsync(new Uri($"{url}/v2/keys/w{writer}"), form);
                Assert.True(reply.IsSuccessStatusCode, $"{reply.StatusCode}");
                acknowledged[writer] = next;
            }
        }
        catch (HttpRequestException)
        {
            // It was killed.
        }
    }

    private static async Task<int> ReadAsync(string url)
    {
        using var reply = await Daemon.Http.GetAsync(new Uri(url));
        if (reply.StatusCode == HttpStatusCode.NotFound)
        {
            return 0;
        }

        using var body = JsonDocument.Parse(await reply.Content.ReadAsStringAsync());
        return int.Parse(body.RootElement.GetProperty("node").GetProperty("value").GetString()!, CultureInfo.InvariantCulture);
    }
}
