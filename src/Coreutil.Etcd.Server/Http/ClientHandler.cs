using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coreutil.Etcd.Server.Http;

/// <summary>The client port: what Go's router and CORS do before any of etcd's own logic, then the handler of the path (etcd.md §1.1).</summary>
internal sealed class ClientHandler(MemberContext member)
{
    private const string KeysPrefix = "/v2/keys";
    private const string AuthPrefix = "/v2/auth";
    private const string DiscoveryPrefix = "/discovery";
    private const string HtmlText = "text/html; charset=utf-8";
    private readonly AuthHandler _auth = new(member);
    private readonly KeysHandler _keys = new(member);
    private readonly MetricsHandler _metrics = new(member);
    private readonly MembersHandler _members = new(member);
    private readonly StatusHandlers _status = new(member);
    private DiscoveryHandler Discovery => field ??= new(member, _keys, DiscoveryPrefix);

    public async Task HandleAsync(HttpContext context)
    {
        AllowOrigin(context);
        var target = RequestTarget.Of(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (target is null)
        {
            await Reply.TextAsync(context, StatusCodes.Status400BadRequest, "400 Bad Request");
            return;
        }

        if (context.Request.Method == "OPTIONS")
        {
            await Reply.WriteAsync(context, StatusCodes.Status200OK, contentType: null, ReadOnlyMemory<byte>.Empty);
            return;
        }

        string clean = GoUrl.CleanPath(target.Path);
        if (clean != target.Path)
        {
            await RedirectAsync(context, GoUrl.EscapePath(clean) + target.QueryWithMark);
            return;
        }

        await DispatchAsync(context, clean, target.Query);
    }

    private Task DispatchAsync(HttpContext context, string path, ReadOnlyMemory<byte> query) => path switch
    {
        KeysPrefix => _keys.HandleAsync(context, "/", query),
        _ when path.StartsWith(KeysPrefix + "/", StringComparison.Ordinal) => _keys.HandleAsync(context, path[KeysPrefix.Length..], query),
        "/v2/members" => _members.HandleAsync(context, ""),
        _ when path.StartsWith("/v2/members/", StringComparison.Ordinal) => _members.HandleAsync(context, path["/v2/members/".Length..]),
        "/version" => _status.VersionAsync(context),
        "/health" => _status.HealthAsync(context),
        "/v2/machines" => _status.MachinesAsync(context),
        "/v2/stats/self" => _status.SelfStatisticsAsync(context),
        "/v2/stats/leader" => _status.LeaderStatisticsAsync(context),
        "/v2/stats/store" => _status.StoreStatisticsAsync(context),
        "/config/local/log" => _status.LogLevelAsync(context),
        _ when path.StartsWith(AuthPrefix + "/", StringComparison.Ordinal) => _auth.HandleAsync(context, path[AuthPrefix.Length..]),
        DiscoveryPrefix => Discovery.HandleAsync(context, "/", query),
        _ when path.StartsWith(DiscoveryPrefix + "/", StringComparison.Ordinal) => Discovery.HandleAsync(context, path[DiscoveryPrefix.Length..], query),
        "/metrics" => _metrics.MetricsAsync(context),
        "/debug/vars" => _metrics.VariablesAsync(context),
        "/v2/leader" => _status.LeaderAsync(context),
        _ => Reply.NotFoundAsync(context),
    };

    private void AllowOrigin(HttpContext context)
    {
        var allowed = member.Config.Cors;
        if (allowed.IsEmpty)
        {
            return;
        }

        string origin = context.Request.Headers.Origin.ToString();
        if (!allowed.Contains("*") && !allowed.Contains(origin))
        {
            return;
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = allowed.Contains("*") ? "*" : origin;
        headers.AccessControlAllowMethods = "POST, GET, OPTIONS, PUT, DELETE";
        headers.AccessControlAllowHeaders = "accept, content-type, authorization";
    }

    /// <summary>Go adds the link for readers only, not for clients that write.</summary>
    private static Task RedirectAsync(HttpContext context, string location)
    {
        context.Response.Headers.Location = location;
        if (context.Request.Method == "HEAD")
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.ContentType = HtmlText;
            return Task.CompletedTask;
        }

        return context.Request.Method == "GET"
            ? Reply.WriteAsync(
                context, StatusCodes.Status301MovedPermanently, HtmlText,
                Encoding.UTF8.GetBytes($"<a href=\"{WebUtility.HtmlEncode(location)}\">Moved Permanently</a>.\n\n"))
            : Reply.WriteAsync(context, StatusCodes.Status301MovedPermanently, contentType: null, ReadOnlyMemory<byte>.Empty);
    }
}
