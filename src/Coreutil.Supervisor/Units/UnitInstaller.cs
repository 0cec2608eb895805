using System.Collections.Immutable;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>The links that say which units are started with the host, and which never (enable, disable, mask, unmask), and systemctl's words for it.</summary>
public sealed class UnitInstaller(UnitdOptions options, UnitFiles files)
{
    private const string Nothing = "/dev/null";

    /// <summary>Links units as their [Install] sections say.</summary>
    /// <param name="names">Units, or templates that name a DefaultInstance=.</param>
    /// <param name="isForced">A link that leads elsewhere is replaced.</param>
    public InstallOutcome Enable(ImmutableArray<string> names, bool isForced)
    {
        var made = new List<string>();
        bool hasSection = false;
        var pending = new Queue<string>(names);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (names.Select(name => Refusal("enable", name)).FirstOrDefault(refusal => refusal is not null) is { } refused)
        {
            return new([], refused);
        }

        while (pending.TryDequeue(out string? name))
        {
            if (!seen.Add(name) || files.Find(name) is not { } sources)
            {
                continue;
            }

            var install = InstallSection.Read(name, sources.Text);
            hasSection |= !install.IsEmpty;
            foreach (string other in install.Also)
            {
                pending.Enqueue(other);
            }

            foreach (string link in install.Links(files.EnabledDirectory))
            {
                if (Link(link, sources.Path, isForced) is not { } said)
                {
                    return new([.. made], $"Failed to enable unit: File {link} already exists and is a symlink to {new FileInfo(link).LinkTarget}.");
                }

                made.AddRange(said);
            }
        }

        return new([.. made], null, IsWithoutSection: !hasSection);
    }

    public InstallOutcome Disable(ImmutableArray<string> names)
    {
        if (names.Select(name => Refusal("disable", name, isMaskedFine: true)).FirstOrDefault(refusal => refusal is not null) is { } refused)
        {
            return new([], refused);
        }

        bool hasSection = names.Any(name => files.Find(name) is { } sources && !InstallSection.Read(name, sources.Text).IsEmpty);
        var removed = ImmutableArray.CreateBuilder<string>();
        foreach (string link in names.SelectMany(name => Links().Where(link => IsLinkOf(link, name) && new FileInfo(link).LinkTarget != Nothing)).Distinct().ToArray())
        {
            File.Delete(link);
            removed.Add($"Removed \"{link}\".");
        }

        return new(removed.ToImmutable(), null, IsWithoutSection: !hasSection && removed.Count == 0);
    }

    /// <summary>A masked unit cannot be started by anybody.</summary>
    public InstallOutcome Mask(ImmutableArray<string> names, bool isForced)
    {
        var said = new List<string>();
        foreach (string name in names.Where(name => files.Find(name) is null))
        {
            said.Add($"Unit {name} does not exist, proceeding anyway.");
        }

        foreach (string name in names)
        {
            string link = Path.Combine(files.EnabledDirectory, name);
            if (File.Exists(Path.Combine(options.LoadedUnits, name)))
            {
                return new([.. said], $"Failed to mask unit: File {Path.Combine(options.LoadedUnits, name)} already exists.");
            }

            if (Link(link, Nothing, isForced) is not { } made)
            {
                return new([.. said], $"Failed to mask unit: File {link} already exists.");
            }

            said.AddRange(made);
        }

        return new([.. said], null);
    }

    public InstallOutcome Unmask(ImmutableArray<string> names)
    {
        var removed = ImmutableArray.CreateBuilder<string>();
        foreach (string link in names.Select(name => Path.Combine(files.EnabledDirectory, name)).Where(link => new FileInfo(link).LinkTarget == Nothing))
        {
            File.Delete(link);
            removed.Add($"Removed \"{link}\".");
        }

        return new(removed.ToImmutable(), null);
    }

    /// <summary>systemctl's word for whether a unit is started with the host; empty where there is no file.</summary>
    public string StateOf(string name)
    {
        if (files.Find(name) is not { } sources)
        {
            return "";
        }

        if (new FileInfo(sources.Path).LinkTarget == Nothing)
        {
            return "masked";
        }

        var install = InstallSection.Read(name, sources.Text);
        return Links().Any(link => IsLinkOf(link, name)) ? "enabled"
            : sources.Path.StartsWith($"{options.LoadedUnits}/", StringComparison.Ordinal) ? "linked-runtime"
            : !install.HasLinks ? install.Also.IsEmpty ? "static" : "indirect"
            : "disabled";
    }

    /// <summary>Every unit file with its state: of the two columns of list-unit-files.</summary>
    public IEnumerable<(string Name, string State)> All() => files.Names().Select(name => (name, StateOf(name)));

    private string? Refusal(string verb, string name, bool isMaskedFine = false) =>
        files.Find(name) is not { } sources ? $"Failed to {verb} unit: Unit file {name} does not exist."
        : !isMaskedFine && new FileInfo(sources.Path).LinkTarget == Nothing ? $"Failed to {verb} unit: Unit file {sources.Path} is masked."
        : null;

    /// <summary>What was done, which is nothing where the link is there; null where another one is in the way.</summary>
    private static string[]? Link(string link, string target, bool isForced)
    {
        if (new FileInfo(link).LinkTarget is { } present)
        {
            if (present == target)
            {
                return [];
            }

            if (!isForced)
            {
                return null;
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.Delete(link);
        File.CreateSymbolicLink(link, target);
        return [$"Created symlink {link} → {target}."];
    }

    private IEnumerable<string> Links() => Directory.Exists(files.EnabledDirectory)
        ? Directory.EnumerateFileSystemEntries(files.EnabledDirectory, "*", SearchOption.AllDirectories).Where(path => !Directory.Exists(path)).Order(StringComparer.Ordinal)
        : [];

    /// <summary>By its own name, or as an instance of a template, or as an alias.</summary>
    private static bool IsLinkOf(string link, string name) => Path.GetFileName(link) is var own
        && (own == name || (UnitName.IsTemplate(name) && UnitName.Template(own) == name)
            || (Path.GetFileName(new FileInfo(link).LinkTarget ?? "") == name && !UnitName.IsTemplate(name)));
}

/// <summary>What was said while it was done, and what kept it from being done.</summary>
/// <param name="Said">A line each.</param>
/// <param name="Refusal">Null where nothing did.</param>
/// <param name="IsWithoutSection">None of the units has an [Install] section.</param>
public sealed record InstallOutcome(ImmutableArray<string> Said, string? Refusal, bool IsWithoutSection = false);

/// <summary>[Install] of a unit file (systemd.unit(5)).</summary>
internal sealed record InstallSection(string Name, ImmutableArray<string> WantedBy, ImmutableArray<string> RequiredBy, ImmutableArray<string> Alias, ImmutableArray<string> Also, string? DefaultInstance)
{
    public static InstallSection Read(string name, string text)
    {
        var file = UnitFileReader.Read(text).File;
        return new(name, Words("WantedBy"), Words("RequiredBy"), Words("Alias"), Words("Also"), file.Value("Install", "DefaultInstance") is { Length: > 0 } instance ? instance : null);

        ImmutableArray<string> Words(string setting) => [.. file.ListValues("Install", setting).SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
    }

    public bool HasLinks => WantedBy.Length + RequiredBy.Length + Alias.Length > 0;

    public bool IsEmpty => !HasLinks && Also.IsEmpty;

    /// <summary>A template is linked as its default instance, or not at all.</summary>
    public IEnumerable<string> Links(string directory)
    {
        string? linked = UnitName.IsTemplate(Name) ? DefaultInstance is { } instance ? Name.Replace("@.", $"@{instance}.", StringComparison.Ordinal) : null : Name;
        return linked is null
            ? []
            : WantedBy.Select(target => Path.Combine(directory, $"{target}.wants", linked))
                .Concat(RequiredBy.Select(target => Path.Combine(directory, $"{target}.requires", linked)))
                .Concat(Alias.Select(alias => Path.Combine(directory, alias)));
    }
}
