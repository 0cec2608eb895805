using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Coreutil.Core.CommandLine;
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Coreutil.Confd.Resources;

/// <summary>Fields of a TOML table by name without regard to case, with the original's words for a wrong type and the line it stands on.</summary>
internal sealed partial class TomlFields(string path, string toml, TomlTable? table)
{
    public IEnumerable<string> Names => table?.Keys ?? Enumerable.Empty<string>();

    /// <summary>The message of a fault is one line: the file, the place and what the reader stumbled over.</summary>
    public static TomlTable Parse(string path, string toml)
    {
        try
        {
            return TomlSerializer.Deserialize(toml, TomlTables.Default.TomlTable) ?? [];
        }
        catch (TomlException malformed)
        {
            throw new ConfdException(Describe(path, malformed), malformed);
        }
    }

    /// <summary>The table of a file: null where there is none.</summary>
    public static TomlTable? Table(string path, TomlTable file, string name) => Find(file, name) switch
    {
        null => null,
        TomlTable table => table,
        _ => throw new ConfdException($"Cannot process template resource {path} - toml: (last key \"{name}\"): type mismatch: expected table"),
    };

    public static object? Find(TomlTable? table, string name) =>
        table?.FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    public string Text(string name) => Find(table, name) switch
    {
        null => "",
        string text => text,
        var other => throw WrongType(name, other, "string"),
    };

    /// <summary>A name or a number: both are ways to say who owns a file.</summary>
    public string? Name(string name) =>
        Find(table, name) is long number ? number.ToString(CultureInfo.InvariantCulture) : Text(name) is { Length: > 0 } text ? text : null;

    public long? Number(string name) => Find(table, name) switch
    {
        null => null,
        long number => number,
        var other => throw WrongType(name, other, "integer"),
    };

    public bool? Flag(string name) => Find(table, name) switch
    {
        null => null,
        bool flag => flag,
        var other => throw WrongType(name, other, "boolean"),
    };

    public TimeSpan? Duration(string name) => Text(name) is not { Length: > 0 } text ? null
        : GoDuration.TryParse(text, out var duration) && duration > TimeSpan.Zero ? duration
        : throw new ConfdException($"Cannot process template resource {path} - toml: {Line(name)}{name} = \"{text}\" is no duration such as \"30s\"");

    public ImmutableArray<string> Texts(string name) => Find(table, name) switch
    {
        null => [],
        TomlArray array => [.. array.Select(item => item as string ?? throw WrongType(name, item, "string"))],
        var other => throw WrongType(name, other, "slice"),
    };

    private ConfdException WrongType(string name, object? value, string wanted)
    {
        string found = value switch { string => "string", long => "int64", bool => "bool", double => "float64", TomlArray => "array", _ => "table" };
        return new ConfdException(
            $"Cannot process template resource {path} - toml: {Line(name)}(last key \"template.{name}\"): incompatible types: TOML value has type {found}; destination has type {wanted}");
    }

    /// <summary>The reader keeps no places of values, so the line is looked up by the name that starts it.</summary>
    private string Line(string name)
    {
        string[] lines = toml.Split('\n');
        int found = Array.FindIndex(lines, line => KeyOfLine().Match(line) is { Success: true } key && key.Groups[1].Value.Equals(name, StringComparison.OrdinalIgnoreCase));
        return found < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"line {found + 1} ");
    }

    /// <summary>The library reports one fault through several exceptions, each quoting the one within: the innermost has the place and the reason.</summary>
    private static string Describe(string path, TomlException malformed)
    {
        var inner = malformed;
        while (inner.InnerException is TomlException deeper)
        {
            inner = deeper;
        }

        string text = inner.Message;
        if (PlaceAndReason().Matches(text) is [var first, ..])
        {
            return $"{path}:{first.Groups[1].Value}:{first.Groups[2].Value}: {first.Groups[3].Value.TrimEnd('.')}";
        }

        return $"{path}: {text.Split('\n')[0]}";
    }

    [GeneratedRegex("""^\s*"?([A-Za-z0-9_-]+)"?\s*=""")]
    private static partial Regex KeyOfLine();

    [GeneratedRegex(@"\((\d+),(\d+)\) : error : (?!Exception while)([^\n]*)")]
    private static partial Regex PlaceAndReason();
}

[TomlSerializable(typeof(TomlTable))]
internal sealed partial class TomlTables : TomlSerializerContext;
