using System.Globalization;
using Coreutil.Fleet.Registry;
using Coreutil.Units;
using Microsoft.AspNetCore.Http;

namespace Coreutil.Fleet.Api;

/// <summary>
/// <c>/x-units/NAME/status</c> and <c>/journal</c>: what systemctl and journalctl print, asked of this machine's unit manager, so that fleetctl needs
/// no ssh. An addition of ours.
/// </summary>
internal sealed class LocalUnitHandler(IRegistry registry, IUnitManager manager, string machineId)
{
    private const int DefaultLines = 10;

    public async Task AnswerAsync(HttpContext http, string name, string what)
    {
        if (http.Request.Method != "GET")
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only GET supported against this resource");
            return;
        }

        if (!registry.Snapshot.Jobs.TryGetValue(name, out var job))
        {
            await ApiReply.RefuseAsync(http, StatusCodes.Status404NotFound, "unit does not exist");
            return;
        }

        if (job.TargetMachine is { } elsewhere && elsewhere != machineId)
        {
            await ApiReply.RefuseAsync(
                http, StatusCodes.Status501NotImplemented, $"the {what} of {name} on another machine ({elsewhere}) is not built yet: ask the fleetd there");
            return;
        }

        http.Response.ContentType = "text/plain; charset=utf-8";
        await (what == "status" ? WriteStatusAsync(http, name) : WriteJournalAsync(http, name));
    }

    private async Task WriteStatusAsync(HttpContext http, string name)
    {
        var status = await manager.ReadStatusAsync(name, http.RequestAborted);
        http.Response.Headers["X-Exit-Code"] = status.ExitCode.ToString(CultureInfo.InvariantCulture);
        await http.Response.WriteAsync(status.Text, http.RequestAborted);
    }

    private async Task WriteJournalAsync(HttpContext http, string name)
    {
        int lines = int.TryParse(http.Request.Query["lines"], NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : DefaultLines;
        bool isFollowing = http.Request.Query["follow"] == "true";
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
}
