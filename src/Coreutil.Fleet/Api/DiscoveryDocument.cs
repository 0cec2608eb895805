using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>The description of the v1 API for client generators, in the form of the discovery service that the original's client was made from.</summary>
internal static class DiscoveryDocument
{
    private static readonly byte[] _document = Write();

    public static Task AnswerAsync(HttpContext http) => http.Request.Method == "GET"
        ? ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, _document)
        : ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only HTTP GET supported against this resource");

    private static byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var (name, value) in ((string, string)[])
            [
                ("kind", "discovery#restDescription"), ("discoveryVersion", "v1"), ("id", "fleet:v1"), ("name", "schema"), ("version", "v1"),
                ("title", "fleet API"), ("description", "Units, machines and states of a fleet."), ("documentationLink", "man:fleetd(8)"),
                ("protocol", "rest"), ("basePath", "/fleet/v1/"), ("rootUrl", "/"), ("servicePath", "fleet/v1/"), ("batchPath", "batch"),
            ])
            {
                json.WriteString(name, value);
            }

            json.WriteStartObject("schemas");
            WriteSchema(json, "Machine", ("id", "string"), ("primaryIP", "string"), ("metadata", "object"));
            WriteSchema(json, "MachinePage", ("machines", "[Machine]"), ("nextPageToken", "string"));
            WriteSchema(json, "UnitOption", ("section", "string"), ("name", "string"), ("value", "string"));
            WriteSchema(
                json, "Unit", ("name", "string"), ("options", "[UnitOption]"), ("desiredState", "string"), ("currentState", "string"), ("machineID", "string"));
            WriteSchema(json, "UnitPage", ("units", "[Unit]"), ("nextPageToken", "string"));
            WriteSchema(
                json, "UnitState", ("name", "string"), ("hash", "string"), ("machineID", "string"),
                ("systemdLoadState", "string"), ("systemdActiveState", "string"), ("systemdSubState", "string"));
            WriteSchema(json, "UnitStatePage", ("states", "[UnitState]"), ("nextPageToken", "string"));
            json.WriteEndObject();
            json.WriteStartObject("resources");
            WriteResource(json, "Machines", new Method("list", "GET", "machines", Response: "MachinePage", Query: ["nextPageToken"]));
            WriteResource(
                json,
                "Units",
                new Method("list", "GET", "units", Response: "UnitPage", Query: ["nextPageToken"]),
                new Method("get", "GET", "units/{unitName}", Response: "Unit"),
                new Method("set", "PUT", "units/{unitName}", Request: "Unit"),
                new Method("delete", "DELETE", "units/{unitName}"));
            WriteResource(
                json,
                "UnitState",
                new Method("list", "GET", "state", Response: "UnitStatePage", Query: ["nextPageToken", "unitName", "machineID"]),
                new Method("get", "GET", "state/{unitName}", Response: "UnitState"));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteSchema(Utf8JsonWriter json, string name, params (string Name, string Type)[] members)
    {
        json.WriteStartObject(name);
        json.WriteString("id", name);
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var (member, type) in members)
        {
            json.WriteStartObject(member);
            if (type.StartsWith('['))
            {
                json.WriteString("type", "array");
                json.WriteStartObject("items");
                json.WriteString("$ref", type.Trim('[', ']'));
                json.WriteEndObject();
            }
            else
            {
                json.WriteString("type", type);
                if (type == "object")
                {
                    json.WriteStartObject("additionalProperties");
                    json.WriteString("type", "string");
                    json.WriteEndObject();
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteResource(Utf8JsonWriter json, string name, params Method[] methods)
    {
        json.WriteStartObject(name);
        json.WriteStartObject("methods");
        foreach (var method in methods)
        {
            json.WriteStartObject(method.Name);
            json.WriteString("id", $"fleet.{name}.{method.Name}");
            json.WriteString("path", method.Path);
            json.WriteString("httpMethod", method.Verb);
            json.WriteStartObject("parameters");
            bool isOfOne = method.Path.EndsWith("{unitName}", StringComparison.Ordinal);
            foreach (string parameter in isOfOne ? ["unitName"] : method.Query ?? [])
            {
                json.WriteStartObject(parameter);
                json.WriteString("type", "string");
                json.WriteString("location", isOfOne ? "path" : "query");
                json.WriteBoolean("required", isOfOne);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            WriteReference(json, "request", method.Request);
            WriteReference(json, "response", method.Response);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter json, string name, string? schema)
    {
        if (schema is not null)
        {
            json.WriteStartObject(name);
            json.WriteString("$ref", schema);
            json.WriteEndObject();
        }
    }

    private sealed record Method(string Name, string Verb, string Path, string? Request = null, string? Response = null, string[]? Query = null);
}
