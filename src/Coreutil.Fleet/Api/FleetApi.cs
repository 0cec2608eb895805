using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Api;

/// <summary>fleet's HTTP API: finds the resource, refuses while the registry is away, and answers failures in the original's form.</summary>
internal sealed class FleetApi(ReadHandlers reads, UnitsHandler units, LocalUnitHandler local, Func<bool> isAvailable, ILogger log)
{
    public async Task AnswerAsync(HttpContext http)
    {
        http.Response.Headers.Server = $"fleetd/{FleetServer.Version}";
        try
        {
            await (isAvailable()
                ? RouteAsync(http)
                : ApiReply.RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, "fleet server unable to communicate with etcd"));
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

    private Task RouteAsync(HttpContext http)
    {
        string path = http.Request.Path.Value ?? "/";
        if (path is "/" or "/fleet/v1" or "/v1-alpha")
        {
            return ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed);
        }

        string? resource = path.StartsWith("/fleet/v1/", StringComparison.Ordinal) ? path["/fleet/v1/".Length..]
            : path.StartsWith("/v1-alpha/", StringComparison.Ordinal) ? path["/v1-alpha/".Length..]
            : null;
        return resource?.Split('/') switch
        {
            ["machines"] => reads.AnswerMachinesAsync(http),
            ["units"] => units.AnswerListAsync(http),
            ["units", { Length: > 0 } name] => units.AnswerUnitAsync(http, name),
            ["state"] => reads.AnswerStatesAsync(http),
            ["state", { Length: > 0 } name] => reads.AnswerStateAsync(http, name),
            ["x-units", { Length: > 0 } name, ("status" or "journal") and var what] => local.AnswerAsync(http, name, what),
            ["discovery"] => ApiReply.RefuseAsync(http, StatusCodes.Status501NotImplemented, "the discovery document is not built yet"),
            _ => ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound),
        };
    }
}
