using Coreutil.Etcd.Client;
using Coreutil.Fleet.Machines;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>Passes a request on to the fleetd of another machine, and its answer back as it comes: a followed journal stays open.</summary>
internal sealed class MachineForwarder : IDisposable
{
    /// <summary>Says that a request was passed on already: two machines that disagree must not send it back and forth.</summary>
    private const string ForwardedHeader = "X-Fleet-Forwarded";

    private readonly HttpClient _http;

    public MachineForwarder(FleetConfig config)
    {
        var handler = EtcdTls.CreateHandler(new() { Endpoints = [], CaFile = config.TlsClientCaFile, CertFile = config.TlsCertFile, KeyFile = config.TlsKeyFile });
        handler.ConnectTimeout = TimeSpan.FromSeconds(3);
        _http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <param name="machine">Null: it does not answer.</param>
    public async Task ForwardAsync(HttpContext http, MachineState? machine, string machineId)
    {
        if (machine?.ApiAddress is not { } address || http.Request.Headers.ContainsKey(ForwardedHeader))
        {
            string why = machine is null ? "is not there" : "says of no address of its API (listen, advertise_api)";
            await ApiReply.RefuseAsync(http, StatusCodes.Status502BadGateway, $"Machine({machineId}) {why}");
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), $"{address}{http.Request.Path.ToUriComponent()}{http.Request.QueryString.ToUriComponent()}");
        request.Headers.Add(ForwardedHeader, "1");
        HttpResponseMessage reply;
        try
        {
            reply = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
        }
        catch (HttpRequestException unreachable)
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status502BadGateway, $"Machine({machineId}) does not answer on {address}: {unreachable.Message}");
            return;
        }

        using (reply)
        {
            http.Response.StatusCode = (int)reply.StatusCode;
            http.Response.ContentType = reply.Content.Headers.ContentType?.ToString();
            if (reply.Headers.TryGetValues("X-Exit-Code", out var code))
            {
                http.Response.Headers["X-Exit-Code"] = code.First();
            }

            await CopyAsync(reply, http);
        }
    }

    public void Dispose() => _http.Dispose();

    // Each piece is sent on at once: the reader of a journal waits for it.
    private static async Task CopyAsync(HttpResponseMessage reply, HttpContext http)
    {
        await using var body = await reply.Content.ReadAsStreamAsync(http.RequestAborted);
        byte[] buffer = new byte[8192];
        for (int count; (count = await body.ReadAsync(buffer, http.RequestAborted)) > 0;)
        {
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, count), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }
}
