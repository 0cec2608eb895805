using System.Collections.Immutable;

namespace Coreutil.Units;

/// <summary>
/// Who runs units on this machine: real systemd over D-Bus, or unitd over its socket. fleet's agent cannot tell them apart.
/// The calls are the ones fleet makes (reference: fleet's systemd manager): files are loaded, the daemon re-reads, units start and stop
/// without waiting for their jobs.
/// </summary>
public interface IUnitManager
{
    /// <summary>Writes the normalised text as <c>&lt;units_directory&gt;/&lt;name&gt;</c> and links (and, with [Install], enables) it for this boot.</summary>
    Task LoadAsync(string name, string normalisedText, CancellationToken cancel);

    /// <summary>Stops the unit, unlinks it, forgets a failure and removes the file. The file stays when stopping fails.</summary>
    Task UnloadAsync(string name, CancellationToken cancel);

    /// <summary>Re-reads unit files; called once after any number of loads and unloads.</summary>
    Task ReloadAsync(CancellationToken cancel);

    /// <summary>Queues the start job (mode replace) and returns; the outcome shows in the states.</summary>
    Task StartAsync(string name, CancellationToken cancel);

    Task StopAsync(string name, CancellationToken cancel);

    /// <summary>States of the named units in one call; a unit the manager does not know is <c>not-found</c>.</summary>
    Task<ImmutableDictionary<string, UnitState>> ReadStatesAsync(ImmutableArray<string> names, CancellationToken cancel);

    /// <summary>Names and normalised texts of the fleet units present here, read from the units directory.</summary>
    Task<ImmutableDictionary<string, string>> ReadLoadedUnitsAsync(CancellationToken cancel);

    /// <summary>What <c>systemctl status -l NAME</c> prints, and its exit code (3 for a dead unit).</summary>
    Task<UnitStatusText> ReadStatusAsync(string name, CancellationToken cancel);

    /// <summary>Journal lines as <c>journalctl -u NAME -n LINES</c> prints them, oldest first; with <paramref name="isFollowing"/> until cancelled.</summary>
    IAsyncEnumerable<string> ReadJournalAsync(string name, int lines, bool isFollowing, CancellationToken cancel);

    /// <summary>Completes when some unit's state may have changed, or after <paramref name="atMost"/>.</summary>
    Task WaitForChangeAsync(TimeSpan atMost, CancellationToken cancel);
}

public sealed record UnitStatusText(string Text, int ExitCode);
