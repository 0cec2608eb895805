using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Coreutil.FunctionalTests.Etcd;

/// <summary>Watches where the original dies: many of them, slow ones, long histories, rights that go (etcd.md §8).</summary>
public sealed class WatchTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>COREUTIL_WATCHERS makes it more: the limit is that of open files, here and in the daemon.</summary>
    [Fact]
    public async Task Thousands_of_watchers_are_all_told()
    {
        string? asked = Environment.GetEnvironmentVariable("COREUTIL_WATCHERS");
        int count = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 2000;
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var owned = daemon;
        long before = Resident(daemon);
        var watches = new List<RawWatch>();
        try
        {
            var clock = Stopwatch.StartNew();
            for (int i = 0; i < count; i++)
            {
                watches.Add(await RawWatch.StartAsync(url, i % 2 == 0 ? "/v2/keys/w?wait=true&recursive=true" : $"/v2/keys/w/{i}?wait=true"));
            }

            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{count} watchers in {clock.ElapsedMilliseconds} ms, {(Resident(daemon) - before) / count} bytes of memory each");
            clock.Restart();
            for (int i = 1; i < count; i += 2)
            {
                using var reply = await PutAsync($"{url}/v2/keys/w/{i}", "v");
                Assert.Equal(HttpStatusCode.Created, reply.StatusCode);
            }

            foreach (var (i, watch) in watches.Index())
            {
                // The recursive ones are told of the first write of all.
                await watch.UntilAsync($"\"key\":\"/w/{(i % 2 == 0 ? 1 : i)}\"");
                Assert.True(await watch.EndsCleanlyAsync());
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{count / 2} writes and {count} events in {clock.ElapsedMilliseconds} ms");
            string statistics = await Daemon.Http.GetStringAsync(new Uri($"{url}/v2/stats/store"));
            Assert.Contains("\"watchers\":0", statistics, StringComparison.Ordinal);
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }
    }

    // etcd.md §8.2: the original sends one event of the past and then nothing more.
    [Fact]
    public async Task A_stream_from_the_past_sends_all_of_it_and_goes_on()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var owned = daemon;
        for (int i = 0; i < 300; i++)
        {
            using var reply = await PutAsync($"{url}/v2/keys/s/{i}", "past");
        }

        using var watch = await RawWatch.StartAsync(url, "/v2/keys/s?wait=true&recursive=true&stream=true&waitIndex=4");
        await watch.UntilAsync("\"key\":\"/s/299\"");
        using var later = await PutAsync($"{url}/v2/keys/s/now", "present");
        await watch.UntilAsync("\"key\":\"/s/now\"");

        Assert.Equal(301, watch.Text.ToString().Split("\"action\":\"set\"").Length - 1);
    }

    // etcd.md §8.2: the original leaves such a connection open and silent.
    [Fact]
    public async Task A_reader_that_falls_behind_is_ended_and_counted()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var owned = daemon;
        using var watch = await RawWatch.StartAsync(url, "/v2/keys/s?wait=true&stream=true", receiveBuffer: 4096);
        string value = new('v', 8 << 10);
        for (int i = 0; i < 1500; i++)
        {
            using var reply = await PutAsync($"{url}/v2/keys/s", value);
        }

        // What it had not yet missed it still gets.
        Assert.True(await watch.EndsCleanlyAsync());
        Assert.Equal(("1", "0"), (await MetricAsync(url, "etcd_store_slow_watchers_ended_total"), await MetricAsync(url, "etcd_store_watchers")));
    }

    // etcd asks for rights at the start of a watch only.
    [Fact]
    public async Task A_watch_ends_when_its_user_loses_the_right_to_it()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var owned = daemon;
        await JsonAsync(HttpMethod.Put, $"{url}/v2/auth/users/root", """{"user":"root","password":"r"}""");
        await JsonAsync(HttpMethod.Put, $"{url}/v2/auth/users/u", """{"user":"u","password":"p","roles":["reader"]}""");
        await JsonAsync(HttpMethod.Put, $"{url}/v2/auth/roles/reader", """{"role":"reader","permissions":{"kv":{"read":["/s*"],"write":[]}}}""");
        await JsonAsync(HttpMethod.Put, $"{url}/v2/auth/enable", "");
        using var watch = await RawWatch.StartAsync(
            url, "/v2/keys/s?wait=true&stream=true", headers: $"Authorization: Basic {Convert.ToBase64String("u:p"u8)}\r\n");
        using var first = await PutAsync($"{url}/v2/keys/s", "for all");
        await watch.UntilAsync("for all");

        await JsonAsync(HttpMethod.Put, $"{url}/v2/auth/roles/reader", """{"role":"reader","revoke":{"kv":{"read":["/s*"]}}}""");
        using var second = await PutAsync($"{url}/v2/keys/s", "not for u");

        Assert.True(await watch.EndsCleanlyAsync());
        Assert.DoesNotContain("not for u", watch.Text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_watches_than_allowed_are_refused_and_the_others_go_on()
    {
        var (daemon, url) = await Daemon.StartEtcdAsync(_directory["m"], arguments: ["--max-watches", "2"]);
        await using var owned = daemon;
        using var one = await RawWatch.StartAsync(url, "/v2/keys/s?wait=true");
        using var two = await RawWatch.StartAsync(url, "/v2/keys/s?wait=true");

        using var refused = await Daemon.Http.GetAsync(new Uri($"{url}/v2/keys/s?wait=true"));
        Assert.Contains("too many watches", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var reply = await PutAsync($"{url}/v2/keys/s", "v");
        await one.UntilAsync("\"value\":\"v\"");
        await two.UntilAsync("\"value\":\"v\"");
    }

    private static long Resident(Daemon daemon)
    {
        string line = File.ReadLines($"/proc/{daemon.ProcessId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static async Task<string> MetricAsync(string url, string name)
    {
        string metrics = await Daemon.Http.GetStringAsync(new Uri($"{url}/metrics"));
        return metrics.Split('\n').First(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];
    }

    private static async Task<HttpResponseMessage> PutAsync(string url, string value)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("value", value)]);
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = form };
        // The root user's, which means nothing while rights are not checked.
        request.Headers.Authorization = new("Basic", Convert.ToBase64String("root:r"u8));
        return await Daemon.Http.SendAsync(request);
    }

    private static async Task JsonAsync(HttpMethod method, string url, string json)
    {
        using var request = new HttpRequestMessage(method, url) { Content = new StringContent(json, Encoding.UTF8) };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String("root:r"u8));
        using var reply = await Daemon.Http.SendAsync(request);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
    }
}
