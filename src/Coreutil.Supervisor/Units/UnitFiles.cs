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

    /// <summary>The names of all files that are units; of a name that links have given to a unit too.</summary>
    public IEnumerable<string> Names() => Directories.Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)
        .Select(path => Path.GetFileName(path)).Where(UnitName.HasType).Distinct();

    private string? FindFile(string name) => Directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>What holds for all units of the type comes first, then for the template, then for the unit; a name that comes twice is read from the nearer place.</summary>
    private ImmutableArray<(string Path, string Text)> ReadDropIns(string name)
    {
        string?[] levels = [UnitName.Suffix(name), UnitName.Template(name), name];
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string level in levels.OfType<string>())
        {
            foreach (string directory in Directories.Reverse().Select(directory => Path.Combine(directory, $"{level}.d")).Where(Directory.Exists))
            {
                foreach (string path in Directory.EnumerateFiles(directory, "*.conf").Where(File.Exists))
                {
                    files[Path.GetFileName(path)] = path;
                }
            }
        }

        return [.. files.Values.Select(path => (path, File.ReadAllText(path)))];
    }
}
