using System.Globalization;

namespace Coreutil.Units.Files;

/// <summary>Sizes of unit files: <c>64K</c>, <c>1.5G</c>, <c>1G 500M</c>; units of 1024, falling.</summary>
public static class SizeText
{
    private const string Units = "EPTGMKB";

    /// <summary>In bytes; null where the text is no size.</summary>
    public static ulong? Parse(string text)
    {
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
        {
            return null;
        }

        decimal total = 0;
        for (int allowed = 0; !rest.IsEmpty; rest = rest.TrimStart())
        {
            int length = rest.IndexOfAnyExcept("0123456789.") is var end and >= 0 ? end : rest.Length;
            if (!decimal.TryParse(rest[..length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount) || allowed > Units.Length)
            {
                return null;
            }

            rest = rest[length..].TrimStart();
            int unit = rest.IsEmpty || char.IsAsciiDigit(rest[0]) ? Units.Length : Units.IndexOf(rest[0], StringComparison.Ordinal);
            if (unit < allowed)
            {
                return null;
            }

            rest = unit < Units.Length ? rest[1..] : rest;
            total += amount * (1UL << (10 * Math.Max(Units.Length - 1 - unit, 0)));
            allowed = unit + 1;
            if (total > ulong.MaxValue)
            {
                return null;
            }
        }

        return (ulong)total;
    }
}
