using System.Collections.Immutable;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;

namespace Coreutil.Applets.Fleetctl;

/// <summary>Sends units to a desired state.</summary>
internal static class UnitTargets
{
    /// <summary>
    /// Writes the desired state of each unit that has another one. Global units are told of and not waited for; the names that were sent and can be waited
    /// for are returned.
    /// </summary>
    public static async Task<ImmutableArray<string>> SetAsync(
        IFleetApi api, AppletContext context, IEnumerable<string> names, string state, string verb, CancellationToken cancel)
    {
        var sent = ImmutableArray.CreateBuilder<string>();
        foreach (string name in names)
        {
            var unit = await api.FindUnitAsync(name, cancel)
                ?? throw new FleetApiException($"unable to find Unit({name})");
            bool isGlobal = UnitWaiter.IsGlobal(unit);
            if (unit.DesiredState != state)
            {
                await api.PutUnitAsync(name, state, null, cancel);
            }

            if (isGlobal)
            {
                await context.Out.WriteLineAsync($"Triggered global unit {name} {verb}".AsMemory(), cancel);
            }
            else if (unit.DesiredState != state || unit.CurrentState != state)
            {
                sent.Add(name);
            }
        }

        return sent.ToImmutable();
    }
}
