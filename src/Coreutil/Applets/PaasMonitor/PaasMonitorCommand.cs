using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Coreutil.Core.Applets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Applets.PaasMonitor;

/// <summary>Serves <c>/status</c>, <c>/environment</c> and the page that calls them.</summary>
internal static class PaasMonitorCommand
{
    public const int DefaultPort = 1337;

    /// <summary>What the workshop's exercise needs: a service whose end by SIGTERM counts as a failure until SuccessExitStatus= lists it.</summary>
    public const int TerminatedExitCode = 2;

    internal sealed record Request(int Port, string Name, string Message, string Release);

    internal static async Task<int> RunAsync(AppletContext context, Request request, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Any, request.Port);
        });
        await using var server = builder.Build();
        var pages = new Pages(context, request);
        server.Run(pages.AnswerAsync);
        try
        {
            await server.StartAsync(cancel);
        }
        catch (IOException busy)
        {
            await context.Error.WriteLineAsync($"paas-monitor: cannot listen on port {request.Port}: {busy.Message}; choose another with --port");
            return ExitCode.Failure;
        }

        await context.Out.WriteLineAsync($"paas-monitor: {request.Name} serves on port {request.Port}");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancel);
        }
        catch (OperationCanceledException)
        {
            await context.Out.WriteLineAsync($"paas-monitor: {request.Name} ends after {pages.RequestCount} requests");
        }

        return TerminatedExitCode;
    }

    private sealed class Pages(AppletContext context, Request request)
    {
        private readonly string _host = System.Environment.MachineName;
        private readonly ConcurrentDictionary<string, byte[]> _files = new();
        private long _requestCount;

        public long RequestCount => Interlocked.Read(ref _requestCount);

        public Task AnswerAsync(HttpContext http) => http.Request.Path.Value switch
        {
            "/status" => WriteJsonAsync(http, WriteStatus),
            "/environment" => WriteJsonAsync(http, WriteEnvironment),
            "/" => WriteFileAsync(http, "index.html", "text/html; charset=utf-8"),
            "/monitor.js" => WriteFileAsync(http, "monitor.js", "text/javascript; charset=utf-8"),
            "/monitor.css" => WriteFileAsync(http, "monitor.css", "text/css; charset=utf-8"),
            _ => WriteNotFoundAsync(http),
        };

        private void WriteStatus(Utf8JsonWriter json)
        {
            json.WriteString("name", request.Name);
            json.WriteString("host", _host);
            json.WriteString("version", request.Release);
            json.WriteNumber("requests", Interlocked.Increment(ref _requestCount));
            json.WriteString("message", request.Message);
        }

        private void WriteEnvironment(Utf8JsonWriter json)
        {
            foreach (var (name, value) in context.Environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(name, value);
            }
        }

        private static async Task WriteJsonAsync(HttpContext http, Action<Utf8JsonWriter> writeMembers)
        {
            http.Response.ContentType = "application/json";
            http.Response.Headers.CacheControl = "no-store";
            await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        private async Task WriteFileAsync(HttpContext http, string name, string contentType)
        {
            http.Response.ContentType = contentType;
            await http.Response.Body.WriteAsync(_files.GetOrAdd(name, ReadEmbedded), http.RequestAborted);
        }

        private static Task WriteNotFoundAsync(HttpContext http)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return http.Response.WriteAsync("not found: this service knows /, /status and /environment\n", http.RequestAborted);
        }

        private static byte[] ReadEmbedded(string name)
        {
            using var file = typeof(PaasMonitorCommand).Assembly.GetManifestResourceStream($"paas-monitor/{name}")
                ?? throw new InvalidOperationException($"the page file {name} is not embedded");
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
    }
}
