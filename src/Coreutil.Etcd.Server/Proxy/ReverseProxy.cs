using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server.Proxy;

/// <summary>
/// Passes a request on to the first endpoint that answers it, whatever the answer; the body is held so that it can be sent again. Watches pass, since
/// each part of an answer goes on as it comes.
/// </summary>
internal sealed partial class ReverseProxy(
    EtcdConfig config, ProxyEndpoints endpoints, HttpMessageInvoker http, ProxyMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly HashSet<string> _singleHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailers", "Transfer-Encoding", "Upgrade",
    };

    public async Task HandleAsync(HttpContext context)
    {
        if (config.Proxy.IsReadOnly && context.Request.Method != "GET")
        {
            context.Response.StatusCode = StatusCodes.Status501NotImplemented;
            return;
        }

        switch (context.Request.Path.Value)
        {
            case "/metrics":
                await MetricsAsync(context);
                break;
            case "/v2/config/local/proxy" when context.Request.Method != "GET":
                await Reply.MethodNotAllowedAsync(context, "GET");
                break;
            case "/v2/config/local/proxy":
                await ConfigAsync(context);
                break;
            default:
                await PassOnAsync(context);
                break;
        }
    }

    private async Task PassOnAsync(HttpContext context)
    {
        long started = time.GetTimestamp();
        metrics.CountRequest(context.Request.Method);
        if (await ReadBodyAsync(context) is not { } body)
        {
            await Reply.MessageAsync(context, StatusCodes.Status413PayloadTooLarge, $"proxy: a request body has at most {config.MaximumRequestBytes} bytes");
            return;
        }

        var available = endpoints.Available;
        if (available.IsEmpty)
        {
            metrics.CountDropped(context.Request.Method, "zero_endpoints");
            await Reply.MessageAsync(context, StatusCodes.Status503ServiceUnavailable, "proxy: zero endpoints currently available");
            return;
        }

        foreach (string endpoint in available)
        {
            try
            {
                using var request = Redirect(context, endpoint, body);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
                if (config.Proxy.ReadTimeout > TimeSpan.Zero)
                {
                    limit.CancelAfter(config.Proxy.ReadTimeout);
                }

                using var answer = await http.SendAsync(request, limit.Token);
                metrics.CountHandled(context.Request.Method, (int)answer.StatusCode, time.GetElapsedTime(started));
                await CopyAsync(context, answer);
                return;
            }
            catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted
                && failure is HttpRequestException or IOException or OperationCanceledException)
            {
                metrics.CountDropped(context.Request.Method, "failed_sending_request");
                LogFailed(logger, endpoint, (failure.GetBaseException() as SocketException)?.Message ?? failure.Message);
                if (endpoints.Fail(endpoint))
                {
                    LogUnavailable(logger, endpoint);
                }
            }
            catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException)
            {
                // The client went, or the endpoint did within its answer, which cannot be begun anew.
                context.Abort();
                return;
            }
        }

        metrics.CountDropped(context.Request.Method, "failed_getting_response");
        await Reply.MessageAsync(
            context, StatusCodes.Status502BadGateway,
            string.Create(CultureInfo.InvariantCulture, $"proxy: unable to get response from {available.Length} endpoint(s)"));
    }

    private static HttpRequestMessage Redirect(HttpContext context, string endpoint, byte[] body)
    {
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(endpoint.TrimEnd('/') + target)) { Version = new Version(1, 1) };
        if (body.Length > 0 || context.Request.ContentLength is not null)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var (name, values) in context.Request.Headers)
        {
            if (!_singleHop.Contains(name) && name is not ("Content-Length" or "Host" or "X-Forwarded-For")
                && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        request.Headers.Host = context.Request.Host.Value;
        string[] through = [.. context.Request.Headers["X-Forwarded-For"].OfType<string>(), RemoteAddress(context)];
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", string.Join(", ", through));
        return request;
    }

    private static string RemoteAddress(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        var address => address.ToString(),
    };

    private static async Task CopyAsync(HttpContext context, HttpResponseMessage answer)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => !_singleHop.Contains(header.Key)))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        if (context.Request.Method == "HEAD")
        {
            return;
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        byte[] buffer = new byte[16 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, count), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>Null when it is too large.</summary>
    private async Task<byte[]?> ReadBodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        byte[] buffer = new byte[16 << 10];
        int count;
        while ((count = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            body.Write(buffer, 0, count);
            if (body.Length > config.MaximumRequestBytes)
            {
                return null;
            }
        }

        return body.ToArray();
    }

    private Task ConfigAsync(HttpContext context) => Reply.WriteAsync(
        context, StatusCodes.Status200OK, Reply.Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            Member.WriteUrls(writer, "endpoints", endpoints.Available);
            writer.WriteEndObject();
        }, endsLine: true));

    private Task MetricsAsync(HttpContext context)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        metrics.WriteTo(output);
        return Reply.WriteAsync(context, StatusCodes.Status200OK, "text/plain; version=0.0.4", Encoding.UTF8.GetBytes(output.ToString()));
    }

    [LoggerMessage(EventId = 60, Level = LogLevel.Warning, Message = "proxy: failed to direct request to {Endpoint}: {Cause}")]
    private static partial void LogFailed(ILogger logger, string endpoint, string cause);

    [LoggerMessage(EventId = 61, Level = LogLevel.Warning, Message = "proxy: marked endpoint {Endpoint} unavailable")]
    private static partial void LogUnavailable(ILogger logger, string endpoint);
}
