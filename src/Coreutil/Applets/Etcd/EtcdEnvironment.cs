namespace Coreutil.Applets.Etcd;

/// <summary>What the original logs of its environment at a start, for whoever wonders which variable counted.</summary>
internal static class EtcdEnvironment
{
    private const string Prefix = "ETCD_";

    /// <summary>Lines and whether they are warnings.</summary>
    public static IEnumerable<(string Line, bool IsWarning)> Remarks(IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> flags)
    {
        var known = EtcdFlags.All.ToDictionary(flag => flag.Variable, StringComparer.Ordinal);
        foreach (var (name, value) in environment.Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal)).OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            yield return !known.TryGetValue(name, out var flag) || value.Length == 0 ? ($"flags: unrecognized environment variable {name}={value}", true)
                : flags.ContainsKey(flag.Name) ? ($"flags: recognized environment variable {name}, but unused: shadowed by corresponding flag ", false)
                : ($"flags: recognized and used environment variable {name}={value}", false);
        }
    }
}
