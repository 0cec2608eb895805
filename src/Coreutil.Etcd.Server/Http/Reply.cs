using System.Text;
using Coreutil.Etcd.Api;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Etcd.Server.Http;

/// <summary>The forms of answer that the API knows.</summary>
internal static class Reply
{
    public const string Json = "application/json";
    private const string PlainText = "text/plain; charset=utf-8";

    public static async Task WriteAsync(HttpContext context, int status, string? contentType, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = status == StatusCodes.Status204NoContent ? null : body.Length;
        if (!HttpMethods.IsHead(context.Request.Method) && !body.IsEmpty)
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    public static Task TextAsync(HttpContext context, int status, string text) =>
        WriteAsync(context, status, PlainText, Encoding.UTF8.GetBytes(text));

    /// <summary>Go's http.Error: a line of text that no browser may take for anything else.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string text)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return TextAsync(context, status, text + "\n");
    }

    public static Task NotFoundAsync(HttpContext context) => RefuseAsync(context, StatusCodes.Status404NotFound, "404 page not found");

    public static Task MethodNotAllowedAsync(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed");
    }

    /// <summary>The form of member and auth errors: no newline, no index.</summary>
    public static Task MessageAsync(HttpContext context, int status, string message) =>
        WriteAsync(context, status, Json, EtcdJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("message"u8, message);
            writer.WriteEndObject();
        }));

    public static Task ErrorAsync(HttpContext context, EtcdError error)
    {
        context.Response.Headers["X-Etcd-Index"] = Text(error.Index);
        return WriteAsync(context, error.HttpStatus, Json, EtcdJson.WriteError(error));
    }

    public static string Text(ulong number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
