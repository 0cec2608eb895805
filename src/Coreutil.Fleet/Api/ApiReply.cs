using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>Writes replies in the original's form.</summary>
internal static class ApiReply
{
    public static Task WriteJsonAsync(HttpContext http, int status, byte[] body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    public static Task RefuseAsync(HttpContext http, int status, string message = "") => WriteJsonAsync(http, status, FleetJson.Error(status, message));

    /// <summary>Success without a body.</summary>
    public static Task WriteStatusAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <summary>The page a request asks for; a bad token is answered here and gives null.</summary>
    public static async Task<PageToken?> ReadPageTokenAsync(HttpContext http, int limit)
    {
        var values = http.Request.Query["nextPageToken"];
        if (values.Count > 1)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "nextPageToken cannot be provided more than once");
            return null;
        }

        if (string.IsNullOrEmpty(values))
        {
            return PageToken.First(limit);
        }

        var (token, refusal) = PageToken.Parse(values.ToString(), limit);
        if (refusal is null)
        {
            return token;
        }

        await RefuseAsync(http, StatusCodes.Status400BadRequest, refusal);
        return null;
    }
}
