using System.Collections.Frozen;
using System.Text;

namespace Coreutil.Units.Files;

/// <summary>What a specifier may ask of the machine and of its manager.</summary>
public sealed record SpecifierContext
{
    public required string HostName { get; init; }

    public string MachineId { get; init; } = "";

    public string BootId { get; init; } = "";

    public string KernelRelease { get; init; } = "";

    public string UserName { get; init; } = "root";

    public uint UserId { get; init; }

    public string Home { get; init; } = "/root";

    public string Shell { get; init; } = "/bin/sh";

    /// <summary>os-release(5).</summary>
    public IReadOnlyDictionary<string, string> OsRelease { get; init; } = FrozenDictionary<string, string>.Empty;
}

/// <summary>The percent signs of unit files (systemd.unit(5), SPECIFIERS; values checked against systemd 252).</summary>
public static class Specifiers
{
    /// <summary>Those of the unit's cgroup and of its file's place, which systemd has besides.</summary>
    private const string LeftAlone = "crRyY";

    /// <summary>Whether systemd would take the text: it resolves nothing in one that asks for what it does not know.</summary>
    public static bool AreKnown(string text, string unit, SpecifierContext context)
    {
        for (int i = text.IndexOf('%', StringComparison.Ordinal); i >= 0 && i + 1 < text.Length; i = text.IndexOf('%', i + 2) is var next && i + 2 < text.Length ? next : -1)
        {
            if (char.IsAsciiLetterOrDigit(text[i + 1]) && !LeftAlone.Contains(text[i + 1], StringComparison.Ordinal) && Value(text[i + 1], unit, context) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>An unknown specifier stays as it is.</summary>
    public static string Expand(string text, string unit, SpecifierContext context)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var expanded = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 1 < text.Length && Value(text[i + 1], unit, context) is { } value)
            {
                expanded.Append(value);
                i++;
            }
            else
            {
                expanded.Append(text[i]);
            }
        }

        return expanded.ToString();
    }

    private static string? Value(char specifier, string unit, SpecifierContext context) => specifier switch
    {
        '%' => "%",
        'n' => unit,
        'N' => UnitName.WithoutSuffix(unit),
        'p' => UnitName.Prefix(unit),
        'P' => UnitName.Unescape(UnitName.Prefix(unit)),
        'i' => UnitName.Instance(unit),
        'I' => UnitName.Unescape(UnitName.Instance(unit)),
        'j' => LastDashPart(UnitName.Prefix(unit)),
        'J' => UnitName.Unescape(LastDashPart(UnitName.Prefix(unit))),
        'f' => "/" + UnitName.Unescape(UnitName.IsInstance(unit) ? UnitName.Instance(unit) : UnitName.Prefix(unit)).TrimStart('/'),
        'H' or 'q' => context.HostName,
        'l' => context.HostName.Split('.')[0],
        'm' => context.MachineId,
        'b' => context.BootId,
        'v' => context.KernelRelease,
        'a' => "x86-64",
        'u' => context.UserName,
        'U' => context.UserId.ToString(System.Globalization.CultureInfo.InvariantCulture),
        'h' => context.Home,
        's' => context.Shell,
        't' => "/run",
        'S' => "/var/lib",
        'C' => "/var/cache",
        'L' => "/var/log",
        'E' => "/etc",
        'T' => "/tmp",
        'V' => "/var/tmp",
        'd' => $"/run/credentials/{unit}",
        'g' => context.UserName,
        'G' => context.UserId.ToString(System.Globalization.CultureInfo.InvariantCulture),
        'o' => context.OsRelease.GetValueOrDefault("ID", ""),
        'w' => context.OsRelease.GetValueOrDefault("VERSION_ID", ""),
        'W' => context.OsRelease.GetValueOrDefault("VARIANT_ID", ""),
        'B' => context.OsRelease.GetValueOrDefault("BUILD_ID", ""),
        'M' => context.OsRelease.GetValueOrDefault("IMAGE_ID", ""),
        'A' => context.OsRelease.GetValueOrDefault("IMAGE_VERSION", ""),
        _ => null,
    };

    private static string LastDashPart(string prefix) => prefix[(prefix.LastIndexOf('-') + 1)..];
}
