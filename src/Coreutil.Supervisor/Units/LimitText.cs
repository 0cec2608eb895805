using System.Collections.Frozen;
using System.Globalization;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>Values of Limit…= (systemd.exec(5)): <c>SOFT:HARD</c> or one for both, of the unit that the resource is counted in.</summary>
internal static class LimitText
{
    /// <summary>What 20 stands for among the nice levels, which the kernel counts downwards.</summary>
    private const long LowestNice = 20;

    private static readonly FrozenDictionary<string, (int Resource, Func<string, ulong?> Read)> _kinds = new Dictionary<string, (int, Func<string, ulong?>)>
    {
        ["LimitCPU"] = (0, ReadSeconds),
        ["LimitFSIZE"] = (1, ReadSize),
        ["LimitDATA"] = (2, ReadSize),
        ["LimitSTACK"] = (3, ReadSize),
        ["LimitCORE"] = (4, ReadSize),
        ["LimitRSS"] = (5, ReadSize),
        ["LimitNPROC"] = (6, ReadCount),
        ["LimitNOFILE"] = (7, ReadCount),
        ["LimitMEMLOCK"] = (8, ReadSize),
        ["LimitAS"] = (9, ReadSize),
        ["LimitLOCKS"] = (10, ReadCount),
        ["LimitSIGPENDING"] = (11, ReadCount),
        ["LimitMSGQUEUE"] = (12, ReadSize),
        ["LimitNICE"] = (13, ReadNice),
        ["LimitRTPRIO"] = (14, ReadCount),
        ["LimitRTTIME"] = (15, ReadMicroseconds),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>In the order of their resources' numbers.</summary>
    private static readonly string[] _settings = [.. _kinds.OrderBy(kind => kind.Value.Resource).Select(kind => kind.Key)];

    public static IReadOnlyList<string> Settings => _settings;

    /// <summary>The setting of a resource, which is also the name of its property.</summary>
    public static string SettingOf(int resource) => _settings[resource];

    /// <summary>Null where the text is no limit.</summary>
    public static ResourceLimit? Parse(string setting, string text)
    {
        var (resource, read) = _kinds[setting];
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? Value(text) is { } both ? new(resource, both, both) : null
            : (Value(text[..colon]), Value(text[(colon + 1)..])) is ({ } soft, { } hard) ? new(resource, soft, hard) : null;

        ulong? Value(string word) => word == "infinity" ? ulong.MaxValue : read(word);
    }

    private static ulong? ReadCount(string text) => NumberText.ParseUnsigned(text);

    private static ulong? ReadSize(string text) => SizeText.Parse(text);

    private static ulong? ReadSeconds(string text) => TimeSpanText.TryParse(text, out var span) && span is { } time ? (ulong)Math.Ceiling(time.TotalSeconds) : null;

    private static ulong? ReadMicroseconds(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number
        : TimeSpanText.TryParse(text, out var span) && span is { } time ? (ulong)time.TotalMicroseconds
        : null;

    /// <summary>A level with its sign, or the kernel's own number.</summary>
    private static ulong? ReadNice(string text) => text is ['+' or '-', ..]
        ? NumberText.ParseSigned(text) is { } level and >= -20 and < LowestNice ? (ulong)(LowestNice - level) : null
        : NumberText.ParseUnsigned(text) is { } raw and <= 40 ? Math.Max(raw, 1) : null;
}
