using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>One section of a unit file, read as systemd reads it: what a value is not, it is passed over.</summary>
internal sealed class UnitSection(UnitFile file, string section, string unit, SpecifierContext specifiers)
{
    /// <summary>07777</summary>
    private const uint MostOfMode = 0xFFF;

    public string Unit => unit;

    public string Expand(string text) => Specifiers.Expand(text, unit, specifiers);

    /// <summary>Null where one of the specifiers is unknown.</summary>
    public string? TryExpand(string text) => Specifiers.AreKnown(text, unit, specifiers) ? Expand(text) : null;

    /// <summary>The last value that is not empty, as it stands.</summary>
    public string? Raw(string setting) => file.Value(section, setting) is { Length: > 0 } value ? value : null;

    public string? Text(string setting) => Raw(setting) is { } value ? Expand(value) : null;

    /// <summary>All values since the last empty one.</summary>
    public IEnumerable<string> List(string setting) => file.ListValues(section, setting);

    /// <summary>The same of settings that are one list together: in the file's order, and an empty one takes back all of them.</summary>
    public IEnumerable<(string Setting, string Value)> List(IReadOnlyCollection<string> settings)
    {
        var all = file.Options.Where(option => option.Section == section && settings.Contains(option.Name)).ToList();
        return all.Skip(all.FindLastIndex(option => option.Value.Length == 0) + 1).Select(option => (option.Name, option.Value));
    }

    /// <summary>The words of a list setting, specifiers expanded.</summary>
    public ImmutableArray<string> Words(string setting) =>
        [.. List(setting).SelectMany(value => SplitWords(value)).Select(Expand)];

    public bool Flag(string setting, bool otherwise) => Boolean(Raw(setting)) ?? otherwise;

    public int? Number(string setting) => NumberText.ParseSigned(Raw(setting)) is { } number and >= int.MinValue and <= int.MaxValue ? (int)number : null;

    public uint? Mode(string setting) => Mode((ReadOnlySpan<char>)Raw(setting));

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

    /// <summary>Words without quotes: names of units, variables and their like.</summary>
    public static string[] SplitWords(string value) => value.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);

    public static bool? Boolean(string? text) => text?.ToLowerInvariant() switch
    {
        "1" or "yes" or "y" or "true" or "t" or "on" => true,
        "0" or "no" or "n" or "false" or "f" or "off" => false,
        _ => null,
    };

    /// <summary>The bits of a file's mode, in octal digits.</summary>
    public static uint? Mode(ReadOnlySpan<char> text) => NumberText.ParseOctal(text) is { } mode and <= MostOfMode ? (uint)mode : null;
}
