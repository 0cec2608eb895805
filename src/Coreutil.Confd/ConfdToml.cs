using System.Collections.Frozen;
using System.Collections.Immutable;
using Coreutil.Confd.Resources;
using Tomlyn.Model;

namespace Coreutil.Confd;

/// <summary>confd.toml: names without regard to case, unknown ones passed over; null for what is not there.</summary>
public sealed class ConfdToml
{
    private static readonly FrozenSet<string> _knownKeys = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "backend", "nodes", "confdir", "interval", "log-level", "noop", "prefix", "scheme", "srv_domain", "srv_record", "sync-only", "watch",
        "client_cakeys", "client_cert", "client_key", "client_insecure", "basic_auth", "username", "password", "auth_token", "auth_type", "app_id",
        "user_id", "role_id", "secret_id", "path", "table", "separator", "file", "filter", "secret_keyring", "keepstagefile", "onetime", "role",
        "debug", "quiet", "verbose", "wait", "command_timeout", "wait_for_keys", "status_file", "metrics_address");

    private readonly TomlTable _table;

    private ConfdToml(string path, TomlTable table)
    {
        Path = path;
        _table = table;
    }

    public string Path { get; }

    /// <summary>Names that mean nothing here: misspelt, or of another program.</summary>
    public IEnumerable<string> UnknownKeys => _table.Keys.Where(name => !_knownKeys.Contains(name));

    /// <summary>A file that does not exist is an empty one.</summary>
    public static ConfdToml Load(string path)
    {
        try
        {
            return new ConfdToml(path, File.Exists(path) ? TomlFields.Parse(path, File.ReadAllText(path)) : []);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"{path}: {unreadable.Message}", unreadable);
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

    private ConfdException WrongType(string name, string wanted) => new($"{Path}: {name} must be {("aeiou".Contains(wanted[0]) ? "an" : "a")} {wanted}");
}
