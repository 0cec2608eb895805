using System.Collections.Immutable;
using Coreutil.Confd.Resources;
using Tomlyn;
using Tomlyn.Model;

namespace Coreutil.Confd;

/// <summary>confd.toml: names without regard to case, unknown ones passed over; null for what is not there.</summary>
public sealed class ConfdToml
{
    private readonly string _path;
    private readonly TomlTable _table;

    private ConfdToml(string path, TomlTable table)
    {
        _path = path;
        _table = table;
    }

    /// <summary>A file that does not exist is an empty one.</summary>
    public static ConfdToml Load(string path)
    {
        try
        {
            return new ConfdToml(path, File.Exists(path) ? TomlFields.Parse(File.ReadAllText(path)) : []);
        }
        catch (Exception unreadable) when (unreadable is TomlException or IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"{path}: {(unreadable is TomlException ? "toml: " : "")}{unreadable.Message}", unreadable);
        }
    }

    public string? Text(string name) => Find<string>(name, "string");

    public bool? Flag(string name) => Find<object>(name, "boolean") switch
    {
        null => null,
        bool flag => flag,
        _ => throw WrongType(name, "boolean"),
    };

    public long? Number(string name) => Find<object>(name, "integer") switch
    {
        null => null,
        long number => number,
        _ => throw WrongType(name, "integer"),
    };

    public ImmutableArray<string>? Texts(string name) => Find<TomlArray>(name, "list of strings") is { } array
        ? [.. array.Select(item => item as string ?? throw WrongType(name, "list of strings"))]
        : null;

    private T? Find<T>(string name, string wanted)
        where T : class => TomlFields.Find(_table, name) switch
        {
            null => null,
            T value => value,
            _ => throw WrongType(name, wanted),
        };

    private ConfdException WrongType(string name, string wanted) => new($"{_path}: {name} must be a {wanted}");
}
