using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor.Properties;

/// <summary>Properties in systemd's order and forms. A list that is empty has no line, a text that is empty has one, which is shown to those who ask for it by name.</summary>
internal sealed class PropertyList
{
    private readonly ImmutableArray<KeyValuePair<string, string>>.Builder _lines = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();

    public ImmutableArray<KeyValuePair<string, string>> Lines => _lines.ToImmutable();

    public void Add(string name, string? value) => _lines.Add(new(name, value ?? ""));

    public void Add(string name, bool value) => Add(name, value ? "yes" : "no");

    public void Add(string name, long value) => Add(name, value.ToString(CultureInfo.InvariantCulture));

    public void Add(string name, IEnumerable<string> words) => Add(name, string.Join(' ', words));

    public void AddSpan(string name, TimeSpan? span) => Add(name, TimeText.Span(span));

    public void AddMode(string name, uint mode) => Add(name, Convert.ToString(mode, 8).PadLeft(4, '0'));

    /// <summary>Both clocks: a time that never was is an empty text, and zero.</summary>
    public void AddTime(string name, Moment? moment)
    {
        Add(name, moment is { } given ? TimeText.Timestamp(given.Time) : "");
        Add($"{name}Monotonic", moment?.Monotonic ?? 0);
    }

    /// <summary>A word that holds a blank, a quote or a backslash stands between quotes.</summary>
    public static string Quote(string word) => word.Length > 0 && word.AsSpan().IndexOfAny(" \t\n\"'\\") < 0
        ? word
        : $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
