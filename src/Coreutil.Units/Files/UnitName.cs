using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Coreutil.Units.Files;

/// <summary>Names of units: their parts, fleet's rules for them, and systemd's escaping.</summary>
public static class UnitName
{
    private const int LongestName = 256;

    private static readonly ImmutableArray<string> _types =
        ["automount", "busname", "device", "mount", "path", "scope", "service", "slice", "snapshot", "socket", "swap", "target", "timer"];

    /// <summary>Of systemd's early years.</summary>
    private static readonly ImmutableArray<string> _bygoneTypes = ["busname", "snapshot"];

    private static readonly SearchValues<char> _characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.\\@-");

    private static readonly ImmutableArray<string> _templateTypes = ["path", "service", "socket", "target", "timer"];

    /// <summary>The types whose files fleet's agent recognises in its directory.</summary>
    public static ImmutableArray<string> AgentTypes { get; } = ["service", "socket", "timer", "path", "device", "mount", "automount"];

    /// <summary>It ends in a type that systemd knows.</summary>
    public static bool HasType(string name) => name.Contains('.', StringComparison.Ordinal) && _types.Contains(Suffix(name));

    /// <summary>A name that systemd has for a unit, templates among them.</summary>
    public static bool IsValid(string name) =>
        HasType(name) && !_bygoneTypes.Contains(Suffix(name)) && name.Length < LongestName && name[0] is not ('.' or '@') && !WithoutSuffix(name).AsSpan().ContainsAnyExcept(_characters);

    /// <summary>The type: what stands behind the last dot.</summary>
    public static string Suffix(string name) => name[(name.LastIndexOf('.') + 1)..];

    public static string WithoutSuffix(string name) => name.LastIndexOf('.') is var dot and >= 0 ? name[..dot] : name;

    /// <summary>What stands before the first @, or before the suffix.</summary>
    public static string Prefix(string name)
    {
        string stem = WithoutSuffix(name);
        return stem.IndexOf('@', StringComparison.Ordinal) is var at and >= 0 ? stem[..at] : stem;
    }

    /// <summary>What stands between the first @ and the suffix; empty for a template and for a plain unit.</summary>
    public static string Instance(string name)
    {
        string stem = WithoutSuffix(name);
        return stem.IndexOf('@', StringComparison.Ordinal) is var at and >= 0 ? stem[(at + 1)..] : "";
    }

    /// <summary><c>app@.service</c>: cannot run itself.</summary>
    public static bool IsTemplate(string name) => WithoutSuffix(name).IndexOf('@', StringComparison.Ordinal) is var at and >= 0 && at == WithoutSuffix(name).Length - 1;

    public static bool IsInstance(string name) => Instance(name).Length > 0;

    /// <summary>The template of an instance: <c>app@.service</c> for <c>app@80.service</c>; null for anything else.</summary>
    public static string? Template(string name) => IsInstance(name) ? $"{Prefix(name)}@.{Suffix(name)}" : null;

    /// <summary>An argument of fleetctl as a unit's name: the last part of a path (slashes at its end do not count), <c>.service</c> where no type stands.</summary>
    public static string Mangle(string argument)
    {
        string name = Path.GetFileName(argument.TrimEnd('/'));
        return AgentTypes.Contains(Suffix(name)) && name.Contains('.', StringComparison.Ordinal) ? name : $"{name}.service";
    }

    /// <summary>Why fleet refuses a name, in the original's words; null when it does not.</summary>
    public static string? Refusal(string name)
    {
        if (name.Length == 0)
        {
            return "unit name cannot be empty";
        }

        if (Encoding.UTF8.GetByteCount(name) > LongestName)
        {
            return $"unit name exceeds maximum length ({LongestName})";
        }

        int dot = name.LastIndexOf('.');
        if (dot < 0)
        {
            return "unit name must contain \".\"";
        }

        if (dot == name.Length - 1)
        {
            return "unit name cannot end in \".\"";
        }

        string suffix = Suffix(name);
        if (!_types.Contains(suffix))
        {
            return $"invalid unit type: \"{suffix}\"";
        }

        if (name.Contains('@', StringComparison.Ordinal) && !_templateTypes.Contains(suffix))
        {
            return $"invalid unit type for template: \"{suffix}\"";
        }

        int strange = name.AsSpan(0, dot).IndexOfAnyExcept(_characters);
        if (strange >= 0)
        {
            Rune.DecodeFromUtf16(name.AsSpan(strange), out var character, out _);
            return $"invalid character '{character}' in unit name";
        }

        return name[0] == '@' ? "unit name cannot start in \"@\"" : null;
    }

    /// <summary>systemd-escape's inverse: a dash is a slash, <c>\xNN</c> a byte.</summary>
    public static string Unescape(string escaped)
    {
        byte[] text = Encoding.UTF8.GetBytes(escaped);
        var bytes = new List<byte>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 3 < text.Length && text[i] == '\\' && text[i + 1] == 'x'
                && byte.TryParse(text.AsSpan(i + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 3;
            }
            else
            {
                bytes.Add(text[i] == '-' ? (byte)'/' : text[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
