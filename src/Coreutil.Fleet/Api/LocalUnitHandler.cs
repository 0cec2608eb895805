using System.Globalization;
using Coreutil.Fleet.Agent;
using Coreutil.Fleet.Containers;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>
/// <c>/x-units/NAME/status</c>, <c>/journal</c> and <c>/restart</c>: what systemctl and journalctl print and do, asked of the unit manager of the machine that
/// holds the unit, so that fleetctl needs no ssh. A request for another machine is passed on to its fleetd. An addition of ours.
/// </summary>
internal sealed class LocalUnitHandler(
    IRegistry registry, IUnitManager manager, LocalUnits units, DockerContainers containers, MachineForwarder forwarder, string machineId, TimeProvider time)
{
    private const int DefaultLines = 10;
    private static readonly TimeSpan _longestStop = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(100);

    public async Task AnswerAsync(HttpContext http, string name, string what)
    {
        string method = what == "restart" ? "POST" : "GET";
        if (http.Request.Method != method)
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, $"only {method} supported against this resource");
            return;
        }

        if (!registry.Snapshot.Jobs.TryGetValue(name, out var job))
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound, "unit does not exist");
            return;
        }

        string where = http.Request.Query["machineID"].ToString() is { Length: > 0 } asked ? asked : job.TargetMachine ?? machineId;
        if (where != machineId)
        {
            await forwarder.ForwardAsync(http, registry.Snapshot.Machines.GetValueOrDefault(where), where);
            return;
        }

        await (what switch
        {
            "status" => WriteStatusAsync(http, name),
            "journal" => WriteJournalAsync(http, name),
            _ => RestartAsync(http, name),
        });
    }

    private async Task WriteStatusAsync(HttpContext http, string name)
    {
        var status = await manager.ReadStatusAsync(name, http.RequestAborted);
        string text = units.Current.GetValueOrDefault(name)?.Container is { } container
            ? ContainerLine.Insert(status.Text, await containers.DescribeAsync(container, http.RequestAborted))
            : status.Text;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers["X-Exit-Code"] = status.ExitCode.ToString(CultureInfo.InvariantCulture);
        await http.Response.WriteAsync(text, http.RequestAborted);
    }

    private async Task WriteJournalAsync(HttpContext http, string name)
    {
        int lines = int.TryParse(http.Request.Query["lines"], NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : DefaultLines;
        bool isFollowing = http.Request.Query["follow"] == "true";
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.StartAsync(http.RequestAborted);
        try
        {
            await foreach (string line in manager.ReadJournalAsync(name, lines, isFollowing, http.RequestAborted))
            {
                await http.Response.WriteAsync(line + "\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The reader has seen enough: how following ends.
        }
    }

    private async Task RestartAsync(HttpContext http, string name)
    {
        var cancel = http.RequestAborted;
        if (registry.Snapshot.Jobs.GetValueOrDefault(name)?.TargetState != TargetState.Launched)
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status409Conflict, "unit is not launched");
            return;
        }

        await manager.StopAsync(name, cancel);
        long started = time.GetTimestamp();
        while ((await manager.ReadStatesAsync([name], cancel)).GetValueOrDefault(name).ActiveState is not ("inactive" or "failed"))
        {
            if (time.GetElapsedTime(started) > _longestStop)
            {
                await ApiReply.RefuseAsync(http, StatusCodes.Status504GatewayTimeout, "unit does not stop");
                return;
            }

            await Task.Delay(_poll, time, cancel);
        }

        await manager.StartAsync(name, cancel);
        await ApiReply.WriteStatusAsync(http, StatusCodes.Status204NoContent);
    }
}
