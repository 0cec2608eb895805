using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Coreutil.Etcd.Server.Http;

/// <summary>The client port of a discovery service that is nothing else.</summary>
internal sealed class DiscoveryServiceHandler(MemberContext member)
{
    private readonly DiscoveryHandler _discovery = new(member, new KeysHandler(member), prefix: "");
    private readonly MetricsHandler _metrics = new(member);

    public Task HandleAsync(HttpContext context)
    {
        var target = RequestTarget.Of(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        return target is null ? Reply.TextAsync(context, StatusCodes.Status400BadRequest, "400 Bad Request")
            : target.Path == "/metrics" ? _metrics.MetricsAsync(context)
            : _discovery.HandleAsync(context, target.Path, target.Query);
    }
}
