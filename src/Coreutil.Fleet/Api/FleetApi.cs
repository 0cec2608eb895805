using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Api;

/// <summary>The parts of the API.</summary>
internal sealed record FleetApiParts(
    IRegistry Registry, ReadHandlers Reads, UnitsHandler Units, LocalUnitHandler Local, PlacementHandler Placement, EngineMetrics Metrics);

/// <summary>fleet's HTTP API: finds the resource, refuses while the registry is away, and answers failures in the original's form.</summary>
internal sealed class FleetApi(FleetApiParts parts, Func<CancellationToken, Task<bool>> isAvailable, ILogger log)
{
    public async Task AnswerAsync(HttpContext http)
    {
        http.Response.Headers.Server = $"fleetd/{FleetServer.Version}";
        try
        {
            log.RequestCame(http.Request.Method, http.Request.Path, http.Request.QueryString);
            await AnswerAvailableAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            log.ClientLeft(http.Request.Path);
        }
        catch (Exception failure) when (!http.Response.HasStarted && Agent.AgentLoop.IsExpected(failure))
        {
            log.RequestFailed(http.Request.Method, http.Request.Path, failure.Message);
            await ApiReply.RefuseAsync(http, StatusCodes.Status500InternalServerError, failure.Message);
        }
    }

    private async Task AnswerAvailableAsync(HttpContext http)
    {
        if (FleetApiServer.IsReadOnly(http) && http.Request.Method is not ("GET" or "HEAD"))
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status403Forbidden, "this listener is read-only");
            return;
        }

        if (!await isAvailable(http.RequestAborted))
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, "fleet server unable to communicate with etcd");
            return;
        }

        await RouteAsync(http);
    }

    private Task RouteAsync(HttpContext http)
    {
        string path = http.Request.Path.Value ?? "/";
        if (path is "/" or "/fleet/v1" or "/v1-alpha")
        {
            return ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed);
        }

        if (path == "/metrics")
        {
            http.Response.ContentType = MetricsText.ContentType;
            return http.Response.WriteAsync(MetricsText.Write(parts.Metrics.Current, parts.Registry.Snapshot), http.RequestAborted);
        }

        string? resource = path.StartsWith("/fleet/v1/", StringComparison.Ordinal) ? path["/fleet/v1/".Length..]
            : path.StartsWith("/v1-alpha/", StringComparison.Ordinal) ? path["/v1-alpha/".Length..]
            : null;
        return resource?.Split('/') switch
        {
            ["machines"] => parts.Reads.AnswerMachinesAsync(http),
            ["units"] => parts.Units.AnswerListAsync(http),
            ["units", { Length: > 0 } name] => parts.Units.AnswerUnitAsync(http, name),
            ["state"] => parts.Reads.AnswerStatesAsync(http),
            ["state", { Length: > 0 } name] => parts.Reads.AnswerStateAsync(http, name),
            ["discovery"] => DiscoveryDocument.AnswerAsync(http),
            ["x-units", { Length: > 0 } name, ("status" or "journal" or "restart") and var what] => parts.Local.AnswerAsync(http, name, what),
            ["x-units", { Length: > 0 } name, "why"] => parts.Placement.ExplainAsync(http, name),
            ["x-machines", { Length: > 0 } id] => parts.Placement.ForgetAsync(http, id),
            _ => ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound),
        };
    }
}
