using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;

namespace Coreutil.FunctionalTests.Etcd;

/// <summary>
/// Random requests to this etcd and to a real one: status, X-Etcd-Index and body must agree once indexes are counted from the start of the sequence, and
/// so must every event, as a stream saw it live and as it is found in the history. The peers are Debian's 3.4 (--enable-v2) and, where the
/// directory in ORIGINALS holds one, 2.3 itself. Of 3.4's three known differences none can occur here: noValueOnSuccess is not sent, no directory
/// lives to expire, members are left alone. COREUTIL_DIFFERENTIAL_OPERATIONS makes the run longer, CsCheck_Seed repeats one.
/// </summary>
public sealed partial class EtcdDifferentialTests : IDisposable
{
    private const int DefaultOperations = 4000;
    private const int LongestSequence = 50;

    private static readonly Gen<Request> _request = Gen.Frequency(
        (2, Make("GET", Optional("recursive", "true", "x"), Optional("sorted", "true"), Optional("quorum", "true", "false"))),
        (6, Make(
            "PUT", Optional("value", "", "1", "2", "<&>é\u2028"), Optional("prevExist", "true", "false", "no"), Optional("prevValue", "", "1", "2"),
            Optional("prevIndex", "0", "+1", "+2", "+3", "x"), Optional("dir", "true", "false"), Optional("ttl", "", "100", "x", "-1"), Optional("refresh", "true"))),
        (3, Make("PUT", Always("value", "1", "2"))),
        (1, Make("PUT", Always("ttl", "100"), Always("refresh", "true"), Always("prevExist", "true"))),
        (1, Make("POST", Optional("value", "1"), Optional("dir", "true"), Optional("ttl", "100"))),
        (2, Make(
            "DELETE", Optional("recursive", "true"), Optional("dir", "true"), Optional("prevValue", "1", ""), Optional("prevIndex", "0", "+1", "+4"), Optional("wait", "true"))));

    private readonly TemporaryDirectory _directory = new();
    private int _sequence;

    public enum Peer
    {
        Debian,
        Original,
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(Peer.Debian)]
    [InlineData(Peer.Original)]
    public async Task Any_sequence_of_requests_is_answered_as_a_real_etcd_answers_it(Peer peer)
    {
        var (file, flags) = Find(peer);
        string realUrl = $"http://127.0.0.1:{Daemon.FreePort()}";
        string peerUrl = $"http://127.0.0.1:{Daemon.FreePort()}";
        await using var real = await Daemon.StartAsync(
            file,
            [
                .. flags, "--data-dir", _directory["real"], "--listen-client-urls", realUrl, "--advertise-client-urls", realUrl,
                "--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl, "--initial-cluster", $"default={peerUrl}",
            ],
            () => Daemon.SucceedsAsync($"{realUrl}/health"));
        var (own, ownUrl) = await Daemon.StartEtcdAsync(_directory["m"]);
        await using var ours = own;
        string? asked = Environment.GetEnvironmentVariable("COREUTIL_DIFFERENTIAL_OPERATIONS");
        int operations = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : DefaultOperations;
        var (compared, events) = (0, 0);

        await _request.Array[1, LongestSequence].SampleAsync(
            async requests =>
            {
                string prefix = $"/p{Interlocked.Increment(ref _sequence)}";
                var replies = await Task.WhenAll(RunAsync(realUrl, prefix, requests), RunAsync(ownUrl, prefix, requests));
                Assert.Equal(replies[0], replies[1]);
                Interlocked.Add(ref compared, requests.Length + 2);
                Interlocked.Add(ref events, replies[0].Count - requests.Length);
            },
            iter: Math.Max(1, 2 * operations / LongestSequence), threads: 1, print: requests => string.Join('\n', requests.Select(request => request.ToString())));

        TestContext.Current.TestOutputHelper?.WriteLine($"{compared} operations and {events} events compared with {file}");
        Assert.True(compared >= operations / 2, $"only {compared} of {operations} operations");
    }

    private static (string File, string[] Flags) Find(Peer peer)
    {
        if (peer == Peer.Debian)
        {
            Assert.SkipUnless(File.Exists("/usr/bin/etcd"), "Debian's etcd-server is not installed here, and apt-get could not bring it");
            return ("/usr/bin/etcd", ["--enable-v2=true"]);
        }

        string? originals = Environment.GetEnvironmentVariable("ORIGINALS");
        Assert.SkipWhen(string.IsNullOrEmpty(originals), "ORIGINALS names no directory with an etcd 2.3 of the original");
        string? file = Directory.EnumerateFiles(originals, "etcd*").Order(StringComparer.Ordinal).FirstOrDefault(name => Path.GetFileName(name) is "etcd" or "etcd-2.3.8");
        Assert.SkipWhen(file is null, $"{originals} holds no etcd of the original");
        return (file, []);
    }

    /// <summary>What a server makes of a sequence: a line a reply, then a line an event, as a stream saw it and from the history.</summary>
    private static async Task<List<string>> RunAsync(string url, string prefix, Request[] requests)
    {
        var lines = new List<string>();
        ulong start = await IndexAsync($"{url}/v2/keys/none");
        using var stream = await Daemon.Http.GetAsync(new Uri($"{url}/v2/keys{prefix}?wait=true&recursive=true&stream=true"), HttpCompletionOption.ResponseHeadersRead);
        var silent = new HashSet<ulong>();
        foreach (var request in requests)
        {
            var (index, line) = await SendAsync(url, prefix, request, start);
            lines.Add($"{request}: {line}");
            if (request.Parameters.Contains(("refresh", "true")))
            {
                silent.Add(index);
            }
        }

        // A last event, so that no wait below is for ever: all goes, and that there is something to go is made sure of.
        await SendAsync(url, prefix, new Request("PUT", "/end", [("value", "end")]), start);
        var (end, _) = await SendAsync(url, prefix, new Request("DELETE", "", [("recursive", "true")]), start);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
        for (ulong index = 0; index != end;)
        {
            using var occurred = JsonDocument.Parse(await reader.ReadLineAsync() ?? throw new InvalidOperationException($"{url} ended the stream at index {index} of {end}"));
            index = occurred.RootElement.GetProperty("node").GetProperty("modifiedIndex").GetUInt64();
            lines.Add($"live: {Describe(occurred.RootElement, start)}");
        }

        // What a refresh hides is behind it in the history, where 2.3 no longer finds the watched key itself (docs/differences.md).
        for (ulong index = start + 1; index <= end; index++)
        {
            if (!silent.Contains(index))
            {
                var wait = new Request("GET", "", [("wait", "true"), ("recursive", "true"), ("waitIndex", $"+{index - start}")]);
                var (_, line) = await SendAsync(url, prefix, wait, start);
                lines.Add($"event {index - start}: {line}");
            }
        }

        return lines;
    }

    private static async Task<(ulong Index, string Line)> SendAsync(string url, string prefix, Request request, ulong start)
    {
        var parameters = request.Parameters.Select(parameter => KeyValuePair.Create(
            parameter.Name, parameter.Value.StartsWith('+') ? $"{start + ulong.Parse(parameter.Value[1..], CultureInfo.InvariantCulture)}" : parameter.Value));
        using var form = new FormUrlEncodedContent(parameters);
        string target = $"{url}/v2/keys{prefix}{request.Key}";
        using var message = request.Method is "PUT" or "POST"
            ? new HttpRequestMessage(new HttpMethod(request.Method), target) { Content = form }
            : new HttpRequestMessage(new HttpMethod(request.Method), $"{target}?{await form.ReadAsStringAsync()}");
        using var reply = await Daemon.Http.SendAsync(message);
        ulong index = ulong.Parse(reply.Headers.GetValues("X-Etcd-Index").Single(), CultureInfo.InvariantCulture);
        using var body = JsonDocument.Parse(await reply.Content.ReadAsStringAsync());
        // A wait shows the index of the moment it was asked.
        string shownIndex = request.Parameters.Contains(("wait", "true")) ? "" : Relative(index, start);
        return (index, $"{(int)reply.StatusCode} {shownIndex} {Describe(body.RootElement, start)}");
    }

    private static string Describe(JsonElement json, ulong start)
    {
        var text = new StringBuilder();
        Write(text, json, start, name: "");
        return text.ToString();
    }

    private static async Task<ulong> IndexAsync(string url)
    {
        using var reply = await Daemon.Http.GetAsync(new Uri(url));
        return ulong.Parse(reply.Headers.GetValues("X-Etcd-Index").Single(), CultureInfo.InvariantCulture);
    }

    /// <summary>Indexes from the start of the sequence, times and in-order names without their numbers, listings sorted.</summary>
    private static void Write(StringBuilder text, JsonElement value, ulong start, string name)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var property in value.EnumerateObject())
                {
                    text.Append(property.Name).Append('=');
                    Write(text, property.Value, start, property.Name);
                    text.Append(' ');
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray().OrderBy(item => item.GetProperty("key").GetString(), StringComparer.Ordinal))
                {
                    Write(text, item, start, name);
                }

                break;
            case JsonValueKind.Number when name is "modifiedIndex" or "createdIndex" or "index":
                text.Append(Relative(value.GetUInt64(), start));
                break;
            case JsonValueKind.Number when name == "ttl":
                text.Append("seconds");
                break;
            case JsonValueKind.String when name == "expiration":
                text.Append("time");
                break;
            case JsonValueKind.String when name is "key" or "cause":
                text.Append(Number().Replace(
                    value.GetString()!, found => Relative(ulong.Parse(found.Value, CultureInfo.InvariantCulture), start)));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static string Relative(ulong index, ulong start) => index > start ? $"+{index - start}" : index == 0 ? "0" : "old";

    private static Gen<(string Name, string Value)?> Optional(string name, params string[] values) =>
        Gen.Frequency((2, Among<(string Name, string Value)?>([null])), (1, Among(values).Select(value => ((string Name, string Value)?)(name, value))));

    private static Gen<(string Name, string Value)?> Always(string name, params string[] values) =>
        Among(values).Select(value => ((string Name, string Value)?)(name, value));

    private static Gen<Request> Make(string method, params Gen<(string Name, string Value)?>[] parameters) =>
        from key in Among("", "/", "/a", "/a/b", "/a/b/c", "/d", "/d/_h", "/d/_h/x", "/_s", "/é %25", "/q/")
        from some in parameters.Aggregate(
            Gen.Const(Array.Empty<(string Name, string Value)>()), (all, next) => all.SelectMany(list => next.Select(one => one is { } given ? [.. list, given] : list)))
        select new Request(method, key, some);

    private static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    /// <summary>In-order names, and indexes in causes: those behind a bracket or a slash of <c>[9 != 12]</c>, <c>[3/2]</c>.</summary>
    [GeneratedRegex(@"\b\d{20}\b|(?<=\[|!= )\d+(?=\]| !=)")]
    private static partial Regex Number();

    private sealed record Request(string Method, string Key, (string Name, string Value)[] Parameters)
    {
        public override string ToString() => $"{Method} {Key} {string.Join('&', Parameters.Select(parameter => $"{parameter.Name}={parameter.Value}"))}";
    }
}
