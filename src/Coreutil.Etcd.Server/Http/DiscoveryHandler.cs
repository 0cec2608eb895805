using System.Globalization;
using System.Security.Cryptography;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Server.Store;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>
/// The discovery service: a token for each cluster to be, under which its members find each other. The records are ordinary keys below
/// <c>/_etcd/registry</c>; replies are those of the key space, whole keys and all (etcd.md §5).
/// </summary>
/// <param name="prefix">The path the service stands at; empty for the root.</param>
internal sealed class DiscoveryHandler(MemberContext member, KeysHandler keys, string prefix)
{
    private const string Registry = "/_etcd/registry/";
    private const int DefaultSize = 3;
    private const int TokenBytes = 16;

    public async Task HandleAsync(HttpContext context, string path, ReadOnlyMemory<byte> query)
    {
        string[] parts = path.Trim('/').Split('/');
        switch (parts)
        {
            case [""]:
                await Reply.TextAsync(context, StatusCodes.Status200OK, "a discovery service of etcd clusters: /new?size=N gives a token\n");
                break;
            case ["new"]:
                await NewAsync(context, query);
                break;
            case ["health"]:
                await Reply.TextAsync(context, StatusCodes.Status200OK, "OK");
                break;
            case ["robots.txt"]:
                await Reply.TextAsync(context, StatusCodes.Status200OK, "User-agent: *\nDisallow: /\n");
                break;
            case [var token, .. var rest] when IsToken(token) && Allows(rest, context.Request.Method):
                await keys.HandleAsync(context, Registry + string.Join('/', parts), query);
                break;
            default:
                await Reply.NotFoundAsync(context);
                break;
        }
    }

    /// <summary>The token itself is read and written, a member's record removed too; the size is only read.</summary>
    private static bool Allows(string[] rest, string method) => rest switch
    {
        [] => method is "GET" or "PUT",
        ["_config", "size"] => method is "GET",
        [var machine] => machine != "_config" && method is "GET" or "PUT" or "DELETE",
        _ => false,
    };

    private static bool IsToken(string text) => text.Length == 2 * TokenBytes && text.All(char.IsAsciiHexDigitLower);

    private async Task NewAsync(HttpContext context, ReadOnlyMemory<byte> query)
    {
        string asked = FormValues.Parse([], query.Span)["size"] ?? "";
        if (asked.Length > 0 && !int.TryParse(asked, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            await Reply.RefuseAsync(context, StatusCodes.Status400BadRequest, $"strconv.ParseInt: parsing {GoQuote.Quote(asked)}: invalid syntax");
            return;
        }

        int size = asked.Length == 0 ? DefaultSize : int.Parse(asked, CultureInfo.InvariantCulture);
        if (size < 1)
        {
            await Reply.RefuseAsync(context, StatusCodes.Status400BadRequest, $"a cluster has at least 1 member, not {size}");
            return;
        }

        string token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var command = new StoreCommand(StoreAction.Create, $"{Registry}{token}/_config/size", member.Time.GetUtcNow())
        {
            Value = size.ToString(CultureInfo.InvariantCulture),
        };
        var result = await member.Loop.ProposeAsync(command, context.RequestAborted);
        await (result.Outcome.Refusal is null
            ? Reply.TextAsync(context, StatusCodes.Status200OK, $"{BaseOf(context.Request)}/{token}")
            : Reply.RefuseAsync(context, StatusCodes.Status400BadRequest, "Unable to generate token"));
    }

    /// <summary>As the client reached us: it is the address that the machines of its cluster will use.</summary>
    private string BaseOf(HttpRequest request) => member.Config.DiscoveryBaseUrl is { } configured
        ? configured.OriginalString.TrimEnd('/')
        : $"{request.Scheme}://{request.Host}{prefix}";
}
