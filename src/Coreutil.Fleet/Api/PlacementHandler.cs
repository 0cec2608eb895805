using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Registry;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>
/// <c>/x-units/NAME/why</c>: why a unit is where it is, or nowhere, in the engine's words; and <c>DELETE /x-machines/ID</c>: a machine that vanished
/// will not come back. Additions of ours.
/// </summary>
/// <param name="registry">The registry.</param>
/// <param name="findFailure">What kept this machine's agent from doing its work on a unit.</param>
/// <param name="machineId">This machine.</param>
internal sealed class PlacementHandler(IRegistry registry, Func<string, string?> findFailure, string machineId)
{
    public Task ExplainAsync(HttpContext http, string name)
    {
        if (http.Request.Method != "GET")
        {
            return ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET supported against this resource");
        }

        var snapshot = registry.Snapshot;
        if (snapshot.BrokenJobs.TryGetValue(name, out var broken))
        {
            return WriteAsync(http, new(name, null, $"it cannot be read: {broken.Fault}; destroy it", []));
        }

        if (!snapshot.Jobs.TryGetValue(name, out var job))
        {
            return ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound, "unit does not exist");
        }

        var (summary, machines) = Schedule.Explain(new(snapshot.Machines, snapshot.Jobs), job);
        if (job.TargetMachine == machineId && findFailure(name) is { } failure)
        {
            summary = $"{summary}; its agent failed: {failure}";
        }

        return WriteAsync(http, new(name, job.TargetMachine, summary, [.. machines.Select(machine => new MachineVerdict(machine.MachineId, machine.Obstacle, machine.Units))]));
    }

    public async Task ForgetAsync(HttpContext http, string id)
    {
        if (http.Request.Method != "DELETE")
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only DELETE supported against this resource");
            return;
        }

        if (registry.Snapshot.Machines.ContainsKey(id))
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status409Conflict, $"Machine({id}) is alive: stop its fleetd");
            return;
        }

        await registry.MarkGoneAsync(id, http.RequestAborted);
        await ApiReply.WriteStatusAsync(http, StatusCodes.Status204NoContent);
    }

    private static Task WriteAsync(HttpContext http, PlacementReport report) =>
        ApiReply.WriteJsonAsync(http, StatusCodes.Status200OK, FleetJson.One(report, FleetJson.WriteReport));
}
