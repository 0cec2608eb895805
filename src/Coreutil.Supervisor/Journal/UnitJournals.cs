using System.Collections.Concurrent;

namespace Coreutil.Supervisor.Journal;

/// <summary>The journals of all units in one directory. Any thread may write.</summary>
public sealed class UnitJournals(string directory, string boot, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, UnitJournal> _journals = new(StringComparer.Ordinal);

    public UnitJournal Of(string unit) => _journals.GetOrAdd(unit, name => new(Path.Combine(directory, name)));

    /// <summary>Its lines are not wanted any more; nothing happens where there are none.</summary>
    public void Delete(string unit)
    {
        Of(unit).Delete();
        _journals.TryRemove(unit, out _);
    }

    /// <summary>A line that a process of the unit printed.</summary>
    public void Append(string unit, int priority, int process, string identifier, string text) =>
        Of(unit).Append(new(time.GetUtcNow(), boot, priority, process, identifier, text));

    /// <summary>A line of unitd's own about the unit.</summary>
    public void Report(string unit, string text, int priority = Priorities.Information) => Append(unit, priority, Environment.ProcessId, JournalLine.Own, text);
}
