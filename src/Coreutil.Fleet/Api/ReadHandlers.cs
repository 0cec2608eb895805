using System.Text.Json;
using System.Text.RegularExpressions;
using Coreutil.Fleet.Registry;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>Machines and unit states: <c>/machines</c>, <c>/state</c>, <c>/state/NAME</c>.</summary>
internal sealed partial class ReadHandlers(IRegistry registry, int tokenLimit)
{
    public Task AnswerMachinesAsync(HttpContext http) => http.Request.Method switch
    {
        "GET" => ListMachinesAsync(http),
        "PATCH" => PatchMachinesAsync(http),
        _ => ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET and PATCH supported against this resource"),
    };

    public async Task AnswerStatesAsync(HttpContext http)
    {
        if (http.Request.Method != "GET")
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET supported against this resource");
            return;
        }

        if (await ApiReply.ReadPageTokenAsync(http, tokenLimit) is { } token)
        {
            string machine = http.Request.Query["machineID"].ToString();
            string unit = http.Request.Query["unitName"].ToString();
            var matching = registry.Snapshot.States.Where(state =>
                (machine.Length == 0 || state.MachineId == machine) && (unit.Length == 0 || state.UnitName == unit));
            var (items, next) = token.Take(matching);
            await ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, FleetJson.Page("states", items, next, FleetJson.WriteState));
        }
    }

    public Task AnswerStateAsync(HttpContext http, string name)
    {
        if (http.Request.Method != "GET")
        {
            return ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET supported against this resource");
        }

        // The original's process loses the connection here when the unit has no state.
        return registry.Snapshot.StatesOf(name).FirstOrDefault() is { } found
            ? ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, FleetJson.One(found, FleetJson.WriteState))
            : ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound, "unit state does not exist");
    }

    private async Task ListMachinesAsync(HttpContext http)
    {
        if (await ApiReply.ReadPageTokenAsync(http, tokenLimit) is { } token)
        {
            var (items, next) = token.Take(registry.Snapshot.Machines.Values);
            await ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, FleetJson.Page("machines", items, next, FleetJson.WriteMachine));
        }
    }

    private async Task PatchMachinesAsync(HttpContext http)
    {
        List<MetadataChange> changes = [];
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            foreach (var operation in body.RootElement.EnumerateArray())
            {
                var (change, refusal) = ReadChange(operation);
                if (refusal is not null)
                {
                    await ApiReply.RefuseAsync(http, StatusCodes.Status400BadRequest, refusal);
                    return;
                }

                changes.Add(change!);
            }
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status400BadRequest, $"unable to decode body: {malformed.Message}");
            return;
        }

        foreach (var change in changes)
        {
            await registry.SetMachineMetadataAsync(change.MachineId, change.Key, change.Value, http.RequestAborted);
        }

        http.Response.ContentType = "application/json";
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static (MetadataChange? Change, string? Refusal) ReadChange(JsonElement operation)
    {
        string? op = FleetJson.Text(operation, "op");
        if (op is not ("add" or "remove" or "replace"))
        {
            return (null, "invalid op: expect add, remove, or replace");
        }

        var path = MetadataPath().Match(FleetJson.Text(operation, "path") ?? "");
        if (!path.Success)
        {
            return (null, "machine metadata path invalid");
        }

        // The documentation has a string, the original's daemon an object around it: both are read.
        string? value = FleetJson.Member(operation, "value") switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            { ValueKind: JsonValueKind.Object } nested => FleetJson.Text(nested, "value"),
            _ => null,
        };
        return op != "remove" && string.IsNullOrEmpty(value)
            ? (null, "invalid value: add and replace require a value")
            : (new(path.Groups[1].Value, path.Groups[2].Value, op == "remove" ? "" : value!), null);
    }

    [GeneratedRegex(@"^/([^/]+)/metadata/([A-Za-z0-9_.\-]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex MetadataPath();

    private sealed record MetadataChange(string MachineId, string Key, string Value);
}
