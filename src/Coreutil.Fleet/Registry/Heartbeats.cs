using System.Collections.Immutable;

namespace Coreutil.Fleet.Registry;

/// <summary>
/// How long each machine's object has left, as far as the watch told. A machine that lives writes it again when half of its time is over, so one that
/// did not by then may have vanished, long before the object expires.
/// </summary>
internal sealed class Heartbeats(TimeProvider time)
{
    private const string Category = "machines/";
    private const string Leaf = "/object";

    // A little before the half: of machines that vanish together the last to be heard of is at its half when the first one's object expires.
    private const double DueAt = 0.55;
    private readonly Dictionary<string, Beat> _beats = new(StringComparer.Ordinal);

    /// <param name="name">Any key, from the registry's root on.</param>
    /// <param name="left">What is left of its time; the whole of it where it was written just now.</param>
    /// <param name="isWhole">It was written just now; a listing tells only what is left.</param>
    public void OnKey(string name, TimeSpan left, bool isWhole)
    {
        if (MachineOf(name) is { } machineId)
        {
            _beats[machineId] = new(time.GetTimestamp(), left, isWhole ? left : null);
        }
    }

    public void OnRemoved(string name)
    {
        if (MachineOf(name) is { } machineId)
        {
            _beats.Remove(machineId);
        }
    }

    public void Clear() => _beats.Clear();

    /// <summary>Machines whose heartbeat is due, or overdue.</summary>
    /// <param name="agentTtl">What is taken for the whole time of an object that was only listed.</param>
    public ImmutableHashSet<string> Due(TimeSpan agentTtl) => _beats
        .Where(beat => beat.Value.Left > TimeSpan.Zero
            && beat.Value.Left - time.GetElapsedTime(beat.Value.Stamp) < (beat.Value.Whole ?? agentTtl) * DueAt)
        .Select(beat => beat.Key)
        .ToImmutableHashSet(StringComparer.Ordinal);

    private static string? MachineOf(string name) =>
        name.StartsWith(Category, StringComparison.Ordinal) && name.EndsWith(Leaf, StringComparison.Ordinal) && name.Length > Category.Length + Leaf.Length
            ? name[Category.Length..^Leaf.Length]
            : null;

    private readonly record struct Beat(long Stamp, TimeSpan Left, TimeSpan? Whole);
}
