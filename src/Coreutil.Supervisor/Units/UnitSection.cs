using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>One section of a unit file, read as systemd reads it: what a value is not, it is passed over.</summary>
internal sealed class UnitSection(UnitFile file, string section, string unit, SpecifierContext specifiers)
{
    public string Unit => unit;

    public string Expand(string text) => Specifiers.Expand(text, unit, specifiers);

    /// <summary>The last value that is not empty, as it stands.</summary>
    public string? Raw(string setting) => file.Value(section, setting) is { Length: > 0 } value ? value : null;

    public string? Text(string setting) => Raw(setting) is { } value ? Expand(value) : null;

    /// <summary>All values since the last empty one.</summary>
    public IEnumerable<string> List(string setting) => file.ListValues(section, setting);

    /// <summary>The words of a list setting, specifiers expanded.</summary>
    public ImmutableArray<string> Words(string setting) =>
        [.. List(setting).SelectMany(value => value.Split((char[])[' ', '\t', '\n', '\\'], StringSplitOptions.RemoveEmptyEntries)).Select(Expand)];

    public bool Flag(string setting, bool otherwise) => Boolean(Raw(setting)) ?? otherwise;

    public int? Number(string setting) => int.TryParse(Raw(setting), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    public uint? Octal(string setting)
    {
        string digits = Raw(setting) ?? "";
        return digits.Length is > 0 and < 8 && digits.All(digit => digit is >= '0' and <= '7') ? Convert.ToUInt32(digits, 8) : null;
    }

    /// <summary>A time span; null is no limit. Where zero means no limit, it is null too.</summary>
    public TimeSpan? Span(string setting, TimeSpan? otherwise, bool isZeroInfinite)
    {
        if (!TimeSpanText.TryParse(Raw(setting) ?? "", out var span))
        {
            return otherwise;
        }

        return isZeroInfinite && span == TimeSpan.Zero ? null : span;
    }

    public int? Signal(string setting) => Raw(setting) is { } value ? Signals.Parse(value) : null;

    public static bool? Boolean(string? text) => text switch
    {
        "1" or "yes" or "y" or "true" or "t" or "on" => true,
        "0" or "no" or "n" or "false" or "f" or "off" => false,
        _ => null,
    };
}
