using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Confd.Templates;
using Tomlyn.Model;

namespace Coreutil.Confd.Resources;

/// <summary>A template resource: one <c>[template]</c> table below <c>conf.d</c> (confd.md §3). Mode and owner stay text until the resource is processed.</summary>
internal sealed record ResourceFile
{
    private static readonly FrozenSet<string> _knownKeys = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "src", "dest", "keys", "prefix", "mode", "uid", "gid", "owner", "group", "check_cmd", "reload_cmd",
        "optional", "wait", "timeout", "create_dest_dirs", "backup", "follow_symlinks", "left_delimiter", "right_delimiter");

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

    /// <summary>Keys that do not exist are no error; the template's defaults stand in.</summary>
    public bool IsOptional { get; init; }

    /// <summary>How long to gather changes; null leaves it to the settings.</summary>
    public WaitTimes? Wait { get; init; }

    /// <summary>After this time a command is killed with all it started; null leaves it to the settings.</summary>
    public TimeSpan? CommandTimeout { get; init; }

    public bool CreatesDirectories { get; init; }

    /// <summary>How many earlier versions stay beside the destination.</summary>
    public int Backups { get; init; }

    /// <summary>A destination that is a symbolic link is written through, not replaced.</summary>
    public bool FollowsLinks { get; init; }

    public Delimiters Delimiters { get; init; } = Delimiters.Default;

    /// <summary>Names in the table that mean nothing here: misspelt, or of another program.</summary>
    public ImmutableArray<string> UnknownKeys { get; init; } = [];

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
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"Cannot process template resource {path} - {unreadable.Message}", unreadable);
        }
    }

    public static ResourceFile Read(string path, string toml, ConfdSettings settings)
    {
        var fields = new TomlFields(path, toml, TomlFields.Table(path, Parse(path, toml), "template"));
        string source = fields.Text("src");
        if (source.Length == 0)
        {
            throw new ConfdException("empty src template");
        }

        // A global prefix replaces the resource's, it is not put in front of it.
        string prefix = settings.Prefix.Length > 0 ? settings.Prefix : fields.Text("prefix");
        prefix = prefix.StartsWith('/') ? prefix : "/" + prefix;
        return new ResourceFile
        {
            Path = path,
            TemplatePath = SlashPath.Join(settings.ConfigDirectory, "templates", source),
            Destination = fields.Text("dest"),
            Keys = [.. fields.Texts("keys").Select(key => SlashPath.Join(prefix, key))],
            Prefix = prefix,
            Mode = fields.Text("mode"),
            Owner = fields.Number("uid")?.ToString(CultureInfo.InvariantCulture) ?? fields.Name("owner"),
            Group = fields.Number("gid")?.ToString(CultureInfo.InvariantCulture) ?? fields.Name("group"),
            CheckCommand = fields.Text("check_cmd"),
            ReloadCommand = fields.Text("reload_cmd"),
            IsOptional = fields.Flag("optional") ?? false,
            Wait = fields.Text("wait") is { Length: > 0 } wait ? WaitTimes.Parse(wait) : null,
            CommandTimeout = fields.Duration("timeout"),
            CreatesDirectories = fields.Flag("create_dest_dirs") ?? false,
            Backups = (int)Math.Clamp(fields.Number("backup") ?? 0, 0, 1000),
            FollowsLinks = fields.Flag("follow_symlinks") ?? false,
            Delimiters = Delimiters.Create(fields.Text("left_delimiter"), fields.Text("right_delimiter")),
            UnknownKeys = [.. fields.Names.Where(name => !_knownKeys.Contains(name))],
        };
    }

    private static TomlTable Parse(string path, string toml)
    {
        try
        {
            return TomlFields.Parse(path, toml);
        }
        catch (ConfdException malformed)
        {
            throw new ConfdException($"Cannot process template resource {path} - toml: {malformed.Message}", malformed);
        }
    }
}
