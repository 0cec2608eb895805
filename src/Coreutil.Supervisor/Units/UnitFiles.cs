using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>Where unit files lie: the loaded ones first, then what was enabled, then the unit path; the first file of a name wins.</summary>
public sealed class UnitFiles(UnitdOptions options)
{
    /// <summary>Links made by <c>enable</c>.</summary>
    public string EnabledDirectory { get; } = Path.Combine(options.StateDirectory, "enabled");

    private IEnumerable<string> Directories => options.UnitPath.Prepend(EnabledDirectory).Prepend(options.LoadedUnits);

    /// <summary>The file of a unit, of its template where it has none of its own; null when there is neither.</summary>
    public UnitSources? Find(string name)
    {
        string? path = (UnitName.Template(name) is { } template ? (string[])[name, template] : [name]).Select(FindFile).FirstOrDefault(found => found is not null);
        return path is null ? null : new(path, File.ReadAllText(path), ReadDropIns(name), LinkedInto(name, "wants"), LinkedInto(name, "requires"));
    }

    /// <summary>The names of units that are linked into a target's .wants or .requires directories.</summary>
    public ImmutableArray<string> LinkedInto(string name, string kind) =>
    [
        .. Directories.Select(directory => Path.Combine(directory, $"{name}.{kind}")).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFileSystemEntries).Select(path => Path.GetFileName(path)).Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>Links a unit as its [Install] section says; the links, or what keeps them from being made.</summary>
    public (ImmutableArray<string> Made, string? Refusal) Enable(string name)
    {
        if (Find(name) is not { } sources)
        {
            return ([], $"Failed to enable unit: Unit file {name} does not exist.");
        }

        var links = LinksOf(name, sources.Text);
        if (links.Length == 0)
        {
            return ([], $"The unit files have no installation config (WantedBy=, RequiredBy=, Also=, Alias= settings in the [Install] section): {name}");
        }

        var made = ImmutableArray.CreateBuilder<string>();
        foreach (string link in links.Where(link => new FileInfo(link).LinkTarget != sources.Path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            File.Delete(link);
            File.CreateSymbolicLink(link, sources.Path);
            made.Add($"Created symlink {link} → {sources.Path}.");
        }

        return (made.ToImmutable(), null);
    }

    public ImmutableArray<string> Disable(string name)
    {
        if (!Directory.Exists(EnabledDirectory))
        {
            return [];
        }

        var removed = ImmutableArray.CreateBuilder<string>();
        foreach (string link in Directory.EnumerateFileSystemEntries(EnabledDirectory, "*", SearchOption.AllDirectories).Where(path => !Directory.Exists(path)))
        {
            if (Path.GetFileName(link) == name || Path.GetFileName(new FileInfo(link).LinkTarget ?? "") == name)
            {
                File.Delete(link);
                removed.Add($"Removed {link}.");
            }
        }

        return removed.ToImmutable();
    }

    /// <summary>systemctl's word for whether a unit is started with the host.</summary>
    public string StateOf(string name) => Find(name) is not { } sources ? "" :
        LinksOf(name, sources.Text) is var links && links.Length == 0 ? sources.Path.StartsWith(options.LoadedUnits, StringComparison.Ordinal) ? "linked-runtime" : "static" :
        links.Any(link => Path.Exists(link)) ? "enabled" : "disabled";

    private string? FindFile(string name) => Directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    private ImmutableArray<string> LinksOf(string name, string text)
    {
        var file = UnitFileReader.Read(text).File;
        return [.. Links("WantedBy", "wants"), .. Links("RequiredBy", "requires"), .. Words("Alias").Select(alias => Path.Combine(EnabledDirectory, alias))];

        IEnumerable<string> Links(string setting, string kind) => Words(setting).Select(target => Path.Combine(EnabledDirectory, $"{target}.{kind}", name));
        IEnumerable<string> Words(string setting) => file.ListValues("Install", setting).SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>What holds for all units of the type comes first, then for the template, then for the unit; a name that comes twice is read from the nearer place.</summary>
    private ImmutableArray<(string Path, string Text)> ReadDropIns(string name)
    {
        string?[] levels = [UnitName.Suffix(name), UnitName.Template(name), name];
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string level in levels.OfType<string>())
        {
            foreach (string directory in Directories.Reverse().Select(directory => Path.Combine(directory, $"{level}.d")).Where(Directory.Exists))
            {
                foreach (string path in Directory.EnumerateFiles(directory, "*.conf"))
                {
                    files[Path.GetFileName(path)] = path;
                }
            }
        }

        return [.. files.Values.Select(path => (path, File.ReadAllText(path)))];
    }
}
