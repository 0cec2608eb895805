using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Engine;

/// <summary>Tells why units wait for a machine: once for each reason, not with every pass.</summary>
internal sealed class WaitingUnits(ILogger log)
{
    private readonly Dictionary<string, string> _waiting = new(StringComparer.Ordinal);

    public void Clear() => _waiting.Clear();

    public void Tell(ImmutableArray<Decision> decisions)
    {
        var waiting = decisions.OfType<Decision.Wait>().ToDictionary(wait => wait.UnitName, wait => wait.Reason, StringComparer.Ordinal);
        foreach (var (unit, reason) in waiting)
        {
            if (!_waiting.TryGetValue(unit, out string? said) || said != reason)
            {
                _waiting[unit] = reason;
                log.Unschedulable(unit, reason);
            }
        }

        foreach (string done in _waiting.Keys.Where(unit => !waiting.ContainsKey(unit)).ToArray())
        {
            _waiting.Remove(done);
        }
    }
}
