using System.Net.Http.Headers;
using System.Text.Json;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Coreutil.Units.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Api;

/// <summary><c>/units</c> and <c>/units/NAME</c>: the list, and one unit read, made, changed and destroyed.</summary>
internal sealed class UnitsHandler(IRegistry registry, int tokenLimit, ILogger log)
{
    public async Task AnswerListAsync(HttpContext http)
    {
        if (http.Request.Method != "GET")
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET supported against this resource");
            return;
        }

        if (await ApiReply.ReadPageTokenAsync(http, tokenLimit) is { } token)
        {
            var snapshot = registry.Snapshot;
            var (items, next) = token.Take(snapshot.Jobs.Values);
            byte[] page = FleetJson.Page("units", items, next, (json, job) =>
                FleetJson.WriteUnit(json, job, snapshot.CurrentStateOf(job).ToWireName()));
            await ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, page);
        }
    }

    public Task AnswerUnitAsync(HttpContext http, string name) => http.Request.Method switch
    {
        "GET" => GetAsync(http, name),
        "PUT" => PutAsync(http, name),
        "DELETE" => DeleteAsync(http, name),
        _ => ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET, PUT and DELETE supported against this resource"),
    };

    private Task GetAsync(HttpContext http, string name)
    {
        var snapshot = registry.Snapshot;
        if (snapshot.Jobs.TryGetValue(name, out var job))
        {
            // The original's list gives global units a current state and its single answer does not; so do we.
            string? current = job.IsGlobal ? null : snapshot.CurrentStateOf(job).ToWireName();
            return ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, FleetJson.One(job, (json, unit) => FleetJson.WriteUnit(json, unit, current)));
        }

        return snapshot.BrokenJobs.TryGetValue(name, out var broken)
            ? ApiReply.RefuseAsync(http, StatusCodes.Status500InternalServerError, $"unit {name} cannot be read: {broken.Fault}; destroy it")
            : ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound, "unit does not exist");
    }

    private async Task DeleteAsync(HttpContext http, string name)
    {
        var snapshot = registry.Snapshot;
        bool isKnown = snapshot.Jobs.ContainsKey(name) || snapshot.BrokenJobs.ContainsKey(name);
        if (isKnown && await registry.DestroyJobAsync(name, http.RequestAborted))
        {
            log.JobDestroyed(name);
            await ApiReply.WriteStatusAsync(http, StatusCodes.Status204NoContent);
            return;
        }

        await ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound, "unit does not exist");
    }

    private async Task PutAsync(HttpContext http, string name)
    {
        var (body, refusal) = await ReadBodyAsync(http);
        var change = body is null ? null : Judge(name, body, registry.Snapshot.Jobs.GetValueOrDefault(name), out refusal);
        switch (change)
        {
            case null:
                await ApiReply.RefuseAsync(http, refusal!.Status, refusal.Message);
                break;
            case { Unit: { } unit }:
                await registry.CreateJobAsync(name, unit, change.Target, http.RequestAborted);
                log.JobCreated(name, change.Target.ToWireName());
                await ApiReply.WriteStatusAsync(http, StatusCodes.Status201Created);
                break;
            default:
                await registry.SetTargetStateAsync(name, change.Target, http.RequestAborted);
                log.TargetStateSet(name, change.Target.ToWireName());
                await ApiReply.WriteStatusAsync(http, StatusCodes.Status204NoContent);
                break;
        }
    }

    /// <summary>What a PUT comes to: a new unit file, a new target state, or a refusal. The order of the checks is the original's.</summary>
    internal static UnitChange? Judge(string name, UnitBody body, Job? existing, out Refusal? refusal)
    {
        refusal = null;
        if (body.Name is { } bodyName && bodyName != name)
        {
            refusal = Refusal.BadRequest($"name in URL \"{name}\" differs from unit name in request body \"{bodyName}\"");
            return null;
        }

        if (UnitName.Refusal(name) is { } badName)
        {
            refusal = Refusal.BadRequest(badName);
            return null;
        }

        // A word that is no state would make the job unreadable for every fleetd of the cluster.
        var target = TargetStateNames.Parse(body.DesiredState);
        if (body.DesiredState is not null && target is null)
        {
            refusal = Refusal.BadRequest($"invalid desired state \"{body.DesiredState}\": expect inactive, loaded or launched");
            return null;
        }

        if (existing is null && body.Options.IsEmpty)
        {
            refusal = new(StatusCodes.Status409Conflict, "unit does not exist and options field empty");
            return null;
        }

        StoredUnit? unit = null;
        if (!body.Options.IsEmpty)
        {
            (unit, string? badOptions) = UnitText.FromOptions(name, body.Options);
            if (unit is null)
            {
                refusal = Refusal.BadRequest(badOptions!);
                return null;
            }
        }

        bool isNew = unit is not null && unit.Hash != existing?.Unit.Hash;
        if (!isNew && target is null)
        {
            refusal = new(StatusCodes.Status409Conflict, "must provide DesiredState to update existing unit");
            return null;
        }

        if (UnitName.IsTemplate(name) && target is not (null or TargetState.Inactive))
        {
            refusal = Refusal.BadRequest($"cannot activate template \"{name}\"");
            return null;
        }

        return new(isNew ? unit : null, target ?? TargetState.Inactive);
    }

    private static async Task<(UnitBody? Body, Refusal? Refusal)> ReadBodyAsync(HttpContext http)
    {
        var types = http.Request.Headers.ContentType;
        if (types.Count != 1)
        {
            return (null, new(StatusCodes.Status415UnsupportedMediaType, $"expected 1 Content-Type, got {types.Count}"));
        }

        if (!MediaTypeHeaderValue.TryParse(types[0], out var type) || type.MediaType != "application/json")
        {
            return (null, new(StatusCodes.Status415UnsupportedMediaType, "only acceptable Content-Type is application/json"));
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return (FleetJson.ReadUnit(document.RootElement), null);
        }
        catch (JsonException malformed)
        {
            return (null, Refusal.BadRequest($"unable to decode body: {malformed.Message}"));
        }
    }
}

/// <summary>A new unit file for the job (null: it keeps the one it has) and what is wanted of it.</summary>
internal sealed record UnitChange(StoredUnit? Unit, TargetState Target);

internal sealed record Refusal(int Status, string Message)
{
    public static Refusal BadRequest(string message) => new(StatusCodes.Status400BadRequest, message);
}
