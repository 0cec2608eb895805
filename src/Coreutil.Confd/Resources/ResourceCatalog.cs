using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd.Resources;

/// <summary>The resources below conf.d as they stand now, and the last good reading of each.</summary>
internal sealed class ResourceCatalog(ConfdSettings settings, ILogger log)
{
    private readonly Dictionary<string, ResourceFile> _good = new(StringComparer.Ordinal);
    private ImmutableArray<ResourceFile> _last = [];

    /// <summary>The first file that cannot be read throws.</summary>
    public IEnumerable<ResourceFile> LoadStrictly() => Find().Select(Load).ToArray();

    /// <summary>One bad file is told and left out, or used as it was when it was good; it never stops a running program.</summary>
    public ImmutableArray<ResourceFile> Load()
    {
        var resources = ImmutableArray.CreateBuilder<ResourceFile>();
        foreach (string path in Find())
        {
            try
            {
                _good[path] = Load(path);
            }
            catch (ConfdException bad)
            {
                log.Failed(bad.Message.Contains(path, StringComparison.Ordinal) ? bad.Message : $"{path}: {bad.Message}");
            }

            if (_good.TryGetValue(path, out var good))
            {
                resources.Add(good);
            }
        }

        return _last = resources.ToImmutable();
    }

    /// <summary>As <see cref="Load()"/>; when the directory itself cannot be read, all stays as it was.</summary>
    public ImmutableArray<ResourceFile> Reload()
    {
        try
        {
            return Load();
        }
        catch (Exception unreadable) when (unreadable is ConfdException or IOException or UnauthorizedAccessException)
        {
            log.Failed(unreadable.Message);
            return _last;
        }
    }

    private ResourceFile Load(string path)
    {
        var resource = ResourceFile.Load(path, settings);
        foreach (string key in resource.UnknownKeys)
        {
            log.UnknownKey(path, key);
        }

        return resource;
    }

    private string[] Find()
    {
        if (!Directory.Exists(settings.ConfigDirectory))
        {
            log.NoConfigDirectory(settings.ConfigDirectory);
            return [];
        }

        log.LoadingResources(settings.ConfigDirectory);
        string[] paths = [.. ResourceFile.Discover(settings.ConfigDirectory)];
        foreach (string path in paths)
        {
            log.FoundTemplate(path);
        }

        if (paths.Length == 0)
        {
            log.FoundNone();
        }

        return paths;
    }
}
