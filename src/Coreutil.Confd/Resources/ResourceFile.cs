using System.Collections.Immutable;
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Coreutil.Confd.Resources;

/// <summary>A template resource: one <c>[template]</c> table below <c>conf.d</c> (confd.md §3). Mode and owner stay text until the resource is processed.</summary>
internal sealed record ResourceFile
{
    public required string Path { get; init; }

    public required string TemplatePath { get; init; }

    public required string Destination { get; init; }

    /// <summary>Joined with the prefix.</summary>
    public required ImmutableArray<string> Keys { get; init; }

    public required string Prefix { get; init; }

    public string Mode { get; init; } = "";

    public string? Owner { get; init; }

    public string? Group { get; init; }

    public string CheckCommand { get; init; } = "";

    public string ReloadCommand { get; init; } = "";

    /// <summary>Every resource below conf.d in order of their paths. A file counts when its name ends in "toml", a leading dot or none.</summary>
    public static IEnumerable<string> Discover(string configDirectory)
    {
        string directory = System.IO.Path.Combine(configDirectory, "conf.d");
        return !Directory.Exists(directory)
            ? throw new ConfdException($"stat {directory}: no such file or directory")
            : Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Where(path => path.EndsWith("toml", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal);
    }

    public static ResourceFile Load(string path, ConfdSettings settings)
    {
        try
        {
            return Read(path, File.ReadAllText(path), settings);
        }
        catch (Exception unreadable) when (unreadable is TomlException or IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"Cannot process template resource {path} - {(unreadable is TomlException ? "toml: " : "")}{unreadable.Message}", unreadable);
        }
    }

    public static ResourceFile Read(string path, string toml, ConfdSettings settings)
    {
        var table = new TomlFields(path, TomlFields.Find(TomlFields.Parse(toml), "template") as TomlTable);
        string source = table.Text("src");
        if (source.Length == 0)
        {
            throw new ConfdException("empty src template");
        }

        // A global prefix replaces the resource's, it is not put in front of it.
        string prefix = settings.Prefix.Length > 0 ? settings.Prefix : table.Text("prefix");
        prefix = prefix.StartsWith('/') ? prefix : "/" + prefix;
        return new ResourceFile
        {
            Path = path,
            TemplatePath = SlashPath.Join(settings.ConfigDirectory, "templates", source),
            Destination = table.Text("dest"),
            Keys = [.. table.Texts("keys").Select(key => SlashPath.Join(prefix, key))],
            Prefix = prefix,
            Mode = table.Text("mode"),
            Owner = table.Number("uid")?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? table.Name("owner"),
            Group = table.Number("gid")?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? table.Name("group"),
            CheckCommand = table.Text("check_cmd"),
            ReloadCommand = table.Text("reload_cmd"),
        };
    }
}

/// <summary>Fields of a TOML table by name without regard to case, with the original's words for a wrong type.</summary>
internal sealed class TomlFields(string path, TomlTable? table)
{
    public static TomlTable Parse(string toml) =>
        TomlSerializer.Deserialize(toml, TomlTables.Default.TomlTable) ?? throw new TomlException("no document");

    public static object? Find(TomlTable? table, string name) =>
        table?.FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    public string Text(string name) => Find(table, name) switch
    {
        null => "",
        string text => text,
        var other => throw WrongType(name, other, "string"),
    };

    /// <summary>A name or a number: both are ways to say who owns a file.</summary>
    public string? Name(string name) => Find(table, name) is long number ? number.ToString(System.Globalization.CultureInfo.InvariantCulture) : Text(name) is { Length: > 0 } text ? text : null;

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
            $"Cannot process template resource {path} - toml: (last key \"template.{name}\"): incompatible types: TOML value has type {found}; destination has type {wanted}");
    }
}

[TomlSerializable(typeof(TomlTable))]
internal sealed partial class TomlTables : TomlSerializerContext;
