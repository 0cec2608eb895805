using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Containers;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Api;

/// <summary>How the API is reached, where an address does not say it.</summary>
public sealed record FleetApiConnection
{
    public string? CaFile { get; init; }

    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>Opens a stream to a socket's path or to <c>host:port</c> in place of dialling it: a tunnel.</summary>
    public Func<string, Stream>? Open { get; init; }
}

/// <summary>The v1 API over a unix socket or TCP.</summary>
public sealed class FleetApiClient : IFleetApi, IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly string? _socket;

    /// <param name="endpoint"><c>unix:///path</c>, <c>http://host:port</c> or <c>https://host:port</c>.</param>
    /// <param name="connection">TLS files, and another way than dialling.</param>
    /// <exception cref="FleetApiException">The TLS files cannot be used.</exception>
    public FleetApiClient(Uri endpoint, FleetApiConnection? connection = null)
    {
        connection ??= new();
        SocketsHttpHandler handler;
        try
        {
            handler = EtcdTls.CreateHandler(new() { Endpoints = [], CaFile = connection.CaFile, CertFile = connection.CertFile, KeyFile = connection.KeyFile });
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new FleetApiException(unusable.Message, unusable);
        }

        if (endpoint.Scheme is "unix" or "file")
        {
            _socket = endpoint.LocalPath;
            handler.ConnectCallback = (_, cancel) => SocketFile.ConnectAsync(_socket, cancel);
        }

        if (connection.Open is { } open)
        {
            handler.ConnectCallback = (to, _) => ValueTask.FromResult(open(_socket ?? $"{to.DnsEndPoint.Host}:{to.DnsEndPoint.Port.ToString(CultureInfo.InvariantCulture)}"));
        }

        // The original's name for a host that is only a socket; it shows in its error texts.
        _base = _socket is null ? endpoint : new Uri("http://domain-sock");
        _http = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public async Task<ImmutableArray<MachineEntry>> ListMachinesAsync(CancellationToken cancel) =>
        await ListAsync("machines", "machines", machine => new MachineEntry(
            Text(machine, "id"), machine.TryGetProperty("primaryIP", out var ip) ? ip.GetString() : null, ReadMetadata(machine)), cancel);

    public async Task<ImmutableArray<UnitEntry>> ListUnitsAsync(CancellationToken cancel) => await ListAsync("units", "units", ReadUnit, cancel);

    public async Task<ImmutableArray<UnitStateEntry>> ListStatesAsync(CancellationToken cancel) =>
        await ListAsync("state", "states", state => new UnitStateEntry(
            Text(state, "name"), Text(state, "machineID"), Text(state, "hash"),
            Text(state, "systemdLoadState"), Text(state, "systemdActiveState"), Text(state, "systemdSubState"))
        {
            Container = ContainerJson.Read(state),
        }, cancel);

    public async Task<UnitEntry?> FindUnitAsync(string name, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Get, $"units/{Uri.EscapeDataString(name)}", null, cancel);
        if (reply.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await EnsureSuccessAsync(reply, cancel);
        using var document = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancel));
        return ReadUnit(document.RootElement);
    }

    public async Task PutUnitAsync(string name, string desiredState, ImmutableArray<UnitOption>? options, CancellationToken cancel)
    {
        byte[] body = FleetJson.UnitRequest(name, desiredState, options);
        var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var reply = await SendAsync(HttpMethod.Put, $"units/{Uri.EscapeDataString(name)}", content, cancel);
        await EnsureSuccessAsync(reply, cancel);
    }

    public async Task<bool> DeleteUnitAsync(string name, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Delete, $"units/{Uri.EscapeDataString(name)}", null, cancel);
        if (reply.StatusCode == HttpStatusCode.NotFound)
        {
            return false;
        }

        await EnsureSuccessAsync(reply, cancel);
        return true;
    }

    public async Task<(string Text, int ExitCode)?> ReadStatusAsync(string name, string machineId, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Get, $"x-units/{Uri.EscapeDataString(name)}/status?machineID={machineId}", null, cancel);
        if (!await IsOfferedAsync(reply, cancel))
        {
            return null;
        }

        string text = await reply.Content.ReadAsStringAsync(cancel);
        bool hasCode = reply.Headers.TryGetValues("X-Exit-Code", out var codes);
        return (text, hasCode && int.TryParse(codes!.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int code) ? code : 0);
    }

    public async Task<IAsyncEnumerable<string>?> OpenJournalAsync(string name, string machineId, int lines, bool isFollowing, CancellationToken cancel)
    {
        string path = string.Create(
            CultureInfo.InvariantCulture,
            $"x-units/{Uri.EscapeDataString(name)}/journal?machineID={machineId}&lines={lines}&follow={(isFollowing ? "true" : "false")}");
        var reply = await SendAsync(HttpMethod.Get, path, null, cancel);
        try
        {
            if (await IsOfferedAsync(reply, cancel))
            {
                return ReadLinesAsync(reply, cancel);
            }
        }
        catch
        {
            reply.Dispose();
            throw;
        }

        reply.Dispose();
        return null;
    }

    public async Task<bool> RestartOnAsync(string name, string machineId, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Post, $"x-units/{Uri.EscapeDataString(name)}/restart?machineID={machineId}", null, cancel);
        return await IsOfferedAsync(reply, cancel);
    }

    public async Task<PlacementReport?> ExplainAsync(string name, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Get, $"x-units/{Uri.EscapeDataString(name)}/why", null, cancel);
        if (!await IsOfferedAsync(reply, cancel))
        {
            return null;
        }

        using var document = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancel));
        return FleetJson.ReadReport(document.RootElement);
    }

    public async Task<bool> ForgetMachineAsync(string machineId, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Delete, $"x-machines/{Uri.EscapeDataString(machineId)}", null, cancel);
        return await IsOfferedAsync(reply, cancel);
    }

    public void Dispose() => _http.Dispose();

    private static async IAsyncEnumerable<string> ReadLinesAsync(HttpResponseMessage reply, [EnumeratorCancellation] CancellationToken cancel)
    {
        using (reply)
        {
            using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(cancel));
            while (await reader.ReadLineAsync(cancel) is { } line)
            {
                yield return line;
            }
        }
    }

    /// <summary>A fleetd of the original has no such path (404 without a word); ours may have no way to the machine (502).</summary>
    private static async Task<bool> IsOfferedAsync(HttpResponseMessage reply, CancellationToken cancel)
    {
        if (reply.StatusCode == HttpStatusCode.BadGateway
            || (reply.StatusCode == HttpStatusCode.NotFound && (await reply.Content.ReadAsStringAsync(cancel)).Contains("\"message\":\"\"", StringComparison.Ordinal)))
        {
            return false;
        }

        await EnsureSuccessAsync(reply, cancel);
        return true;
    }

    /// <summary>Follows the pages until no token is left.</summary>
    private async Task<ImmutableArray<T>> ListAsync<T>(string resource, string member, Func<JsonElement, T> read, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<T>();
        string? token = null;
        do
        {
            using var reply = await SendAsync(HttpMethod.Get, token is null ? resource : $"{resource}?nextPageToken={Uri.EscapeDataString(token)}", null, cancel);
            await EnsureSuccessAsync(reply, cancel);
            using var document = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancel));
            if (document.RootElement.TryGetProperty(member, out var items))
            {
                all.AddRange(items.EnumerateArray().Select(read));
            }

            token = document.RootElement.TryGetProperty("nextPageToken", out var next) ? next.GetString() : null;
        }
        while (token is not null);
        return all.ToImmutable();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel)
    {
        var address = new Uri(_base, $"/fleet/v1/{path}");
        using var request = new HttpRequestMessage(method, address) { Content = content };
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (HttpRequestException unreachable)
        {
            string verb = $"{method.Method[0]}{method.Method[1..].ToLowerInvariant()}";
            string query = path.Contains('?', StringComparison.Ordinal) ? "&alt=json" : "?alt=json";
            throw new FleetApiException($"{verb} \"{address}{query}\": {DescribeFailure(unreachable)}", unreachable);
        }
    }

    private string DescribeFailure(HttpRequestException failure) => _socket is null
        ? GoNetError.Describe(failure, _base)
        : $"dial unix {_socket}: connect: {((failure.InnerException as SocketException)?.SocketErrorCode == SocketError.ConnectionRefused ? "connection refused" : "no such file or directory")}";

    /// <summary>The words of the library that the original's client uses.</summary>
    private static async Task EnsureSuccessAsync(HttpResponseMessage reply, CancellationToken cancel)
    {
        if (reply.IsSuccessStatusCode)
        {
            return;
        }

        byte[] body = await reply.Content.ReadAsByteArrayAsync(cancel);
        int code = (int)reply.StatusCode;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error))
            {
                throw new FleetApiException($"googleapi: Error {code}: {Text(error, "message")}");
            }
        }
        catch (JsonException)
        {
            // Not fleet's answer: the text itself is all there is to tell.
        }

        throw new FleetApiException($"googleapi: got HTTP response code {code} with body: {System.Text.Encoding.UTF8.GetString(body)}");
    }

    private static UnitEntry ReadUnit(JsonElement unit) => new(
        Text(unit, "name"),
        unit.TryGetProperty("currentState", out var current) ? current.GetString() : null,
        Text(unit, "desiredState"),
        unit.TryGetProperty("machineID", out var machine) ? machine.GetString() : null,
        unit.TryGetProperty("options", out var options)
            ? [.. options.EnumerateArray().Select(option => new UnitOption(Text(option, "section"), Text(option, "name"), Text(option, "value")))]
            : []);

    private static ImmutableSortedDictionary<string, string> ReadMetadata(JsonElement machine) => machine.TryGetProperty("metadata", out var metadata)
        ? metadata.EnumerateObject().ToImmutableSortedDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "", StringComparer.Ordinal)
        : ImmutableSortedDictionary<string, string>.Empty;

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
