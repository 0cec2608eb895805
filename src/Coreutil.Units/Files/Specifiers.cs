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
}

/// <summary>The percent signs of unit files (systemd.unit(5), SPECIFIERS; values checked against systemd 252).</summary>
public static class Specifiers
{
    /// <summary>An unknown specifier stays as it is, as systemd leaves it where it resolves leniently.</summary>
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
        _ => null,
    };

    private static string LastDashPart(string prefix) => prefix[(prefix.LastIndexOf('-') + 1)..];
}
