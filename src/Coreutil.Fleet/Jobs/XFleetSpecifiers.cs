using Coreutil.Units.Files;

namespace Coreutil.Fleet.Jobs;

/// <summary>The four specifiers of [X-Fleet] values, replaced as plain text one after the other; systemd's others do not exist here.</summary>
internal static class XFleetSpecifiers
{
    public static string Expand(string value, string unitName) => value
        .Replace("%n", unitName, StringComparison.Ordinal)
        .Replace("%N", UnitName.WithoutSuffix(unitName), StringComparison.Ordinal)
        .Replace("%p", UnitName.Prefix(unitName), StringComparison.Ordinal)
        .Replace("%i", UnitName.Instance(unitName), StringComparison.Ordinal);
}
