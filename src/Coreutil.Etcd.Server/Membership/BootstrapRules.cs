namespace Coreutil.Etcd.Server.Membership;

/// <summary>What a new member checks of its settings before it makes a data directory (etcd.md §5).</summary>
internal static class BootstrapRules
{
    /// <summary>The line that refuses the settings; null when they are sound.</summary>
    public static string? Refuse(EtcdConfig config)
    {
        if (config.InitialCluster.Length == 0)
        {
            return null;
        }

        var members = config.InitialCluster.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2))
            .ToLookup(part => part[0], part => part.Length > 1 ? part[1].TrimEnd('/') : "", StringComparer.Ordinal);
        if (!members.Contains(config.Name))
        {
            return $"couldn't find local name \"{config.Name}\" in the initial cluster configuration";
        }

        if (members.Count > 1)
        {
            return $"--initial-cluster names {members.Count} members, and a cluster of several is not built yet";
        }

        string[] advertised = [.. config.InitialAdvertisePeerUrls.Select(url => url.OriginalString.TrimEnd('/'))];
        return members[config.Name].Order(StringComparer.Ordinal).SequenceEqual(advertised.Order(StringComparer.Ordinal), StringComparer.Ordinal)
            ? null
            : $"--initial-cluster must include {string.Join(',', advertised.Select(url => $"{config.Name}={url}"))} given --initial-advertise-peer-urls={string.Join(',', advertised)}";
    }
}
