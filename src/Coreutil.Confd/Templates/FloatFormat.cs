using System.Globalization;
using System.Numerics;

namespace Coreutil.Confd.Templates;

/// <summary>Floating point as Go's strconv writes it: exact decimal digits, rounded half to even; precision -1 asks for the shortest that reads back.</summary>
internal static class FloatFormat
{
    private const int Shortest = -1;

    /// <summary>From this decimal exponent on the shortest form is written with e (confd.md §7.7).</summary>
    private const int ShortestLimit = 6;

    /// <summary><paramref name="form"/> is one of e, f, g, x, b; the sign is written when negative only.</summary>
    public static string Format(double value, char form, int precision)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        }

        string sign = double.IsNegative(value) ? "-" : "";
        double magnitude = Math.Abs(value);
        return sign + form switch
        {
            'e' => Exponential(magnitude, precision),
            'f' => Fixed(Round(magnitude, precision, isFixed: true), precision),
            'g' => General(magnitude, precision),
            'x' => Hexadecimal(magnitude, precision),
            _ => Binary(magnitude),
        };
    }

    private static string Exponential(double value, int precision) =>
        Exponential(Round(value, precision == Shortest ? Shortest : precision + 1, isFixed: false), precision);

    private static string Exponential(Decimal value, int precision)
    {
        string fraction = value.Digits.Length > 1 ? value.Digits[1..] : "";
        fraction = precision == Shortest ? fraction : fraction.PadRight(precision, '0');
        int exponent = value.IsZero ? 0 : value.Point - 1;
        string first = value.IsZero ? "0" : value.Digits[..1];
        return FormattableString.Invariant($"{first}{(fraction.Length > 0 ? "." : "")}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    private static string Fixed(Decimal value, int precision)
    {
        string whole = value.Point > 0 ? value.Digits[..Math.Min(value.Point, value.Digits.Length)].PadRight(value.Point, '0') : "0";
        string fraction = value.Point >= value.Digits.Length ? ""
            : value.Point >= 0 ? value.Digits[value.Point..] : new string('0', -value.Point) + value.Digits;
        if (precision != Shortest)
        {
            fraction = fraction.PadRight(precision, '0')[..precision];
        }

        return fraction.Length > 0 ? $"{whole}.{fraction}" : whole;
    }

    /// <summary>Exponents below -4 or not below the precision are written with e.</summary>
    private static string General(double value, int precision)
    {
        int wanted = precision == 0 ? 1 : precision;
        var digits = Round(value, wanted, isFixed: false);
        int limit = wanted > digits.Digits.Length && digits.Digits.Length >= digits.Point ? digits.Digits.Length : wanted;
        limit = wanted == Shortest ? ShortestLimit : limit;
        int exponent = digits.IsZero ? -1 : digits.Point - 1;
        return exponent < -4 || exponent >= limit ? Exponential(digits, Shortest) : Fixed(digits, Shortest);
    }

    private static string Hexadecimal(double value, int precision)
    {
        if (value == 0)
        {
            return precision > 0 ? $"0x0.{new string('0', precision)}p+00" : "0x0p+00";
        }

        int exponent = Math.ILogB(value);
        ulong fraction = (ulong)((Math.ScaleB(value, -exponent) - 1) * (1UL << 52));
        ulong lead = 1;
        if (precision is >= 0 and < 13)
        {
            int dropped = (13 - precision) * 4;
            ulong all = (1UL << 52) | fraction;
            ulong half = 1UL << (dropped - 1);
            ulong kept = all >> dropped;
            ulong rest = all & ((1UL << dropped) - 1);
            kept += rest > half || (rest == half && (kept & 1) == 1) ? 1UL : 0;
            lead = kept >> (precision * 4);
            fraction = (kept << dropped) & ((1UL << 52) - 1);
            if (lead == 2)
            {
                (lead, exponent) = (1, exponent + 1);
            }
        }

        string digits = fraction.ToString("x13", CultureInfo.InvariantCulture);
        digits = precision < 0 ? digits.TrimEnd('0') : digits.PadRight(precision, '0')[..precision];
        return FormattableString.Invariant($"0x{lead}{(digits.Length > 0 ? "." : "")}{digits}p{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    private static string Binary(double value)
    {
        var (mantissa, exponent) = Parts(value);
        return FormattableString.Invariant($"{mantissa}p{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent)}");
    }

    private static (long Mantissa, int Exponent) Parts(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7ff);
        long mantissa = bits & 0xfffffffffffffL;
        return exponent == 0 ? (mantissa, -1074) : (mantissa | (1L << 52), exponent - 1075);
    }

    /// <summary>0.DIGITS x 10^Point, without trailing zeros; no digits at all for zero.</summary>
    private readonly record struct Decimal(string Digits, int Point)
    {
        public bool IsZero => Digits.Length == 0;
    }

    private static Decimal Round(double value, int precision, bool isFixed)
    {
        if (value == 0)
        {
            return new Decimal("", 0);
        }

        if (precision == Shortest)
        {
            string shortest = value.ToString("R", CultureInfo.InvariantCulture);
            int e = shortest.IndexOf('E', StringComparison.Ordinal);
            string digits = (e < 0 ? shortest : shortest[..e]).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
            return new Decimal(digits, PointOf(shortest, e));
        }

        var exact = Exact(value);
        int keep = isFixed ? exact.Point + precision : precision;
        if (keep >= exact.Digits.Length)
        {
            return exact;
        }

        if (keep < 0)
        {
            return new Decimal("", 0);
        }

        string kept = exact.Digits[..keep];
        string rest = exact.Digits[keep..];
        bool isHalf = rest[0] == '5' && rest.Length == 1;
        bool roundsUp = isHalf ? keep > 0 && (kept[^1] - '0') % 2 == 1 : rest[0] >= '5';
        var number = BigInteger.Parse("0" + kept, CultureInfo.InvariantCulture) + (roundsUp ? 1 : 0);
        string rounded = number.IsZero ? "" : number.ToString(CultureInfo.InvariantCulture);
        int point = exact.Point + rounded.Length - keep;
        return rounded.Length == 0 ? new Decimal("", 0) : new Decimal(rounded.TrimEnd('0'), point);
    }

    private static int PointOf(string shortest, int e)
    {
        string mantissa = e < 0 ? shortest : shortest[..e];
        int exponent = e < 0 ? 0 : int.Parse(shortest[(e + 1)..], CultureInfo.InvariantCulture);
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string whole = (point < 0 ? mantissa : mantissa[..point]).TrimStart('0');
        if (whole.Length > 0)
        {
            return whole.Length + exponent;
        }

        string fraction = mantissa[(point + 1)..];
        return exponent - (fraction.Length - fraction.TrimStart('0').Length);
    }

    /// <summary>Every double is a finite decimal.</summary>
    private static Decimal Exact(double value)
    {
        var (mantissa, exponent) = Parts(value);
        var scaled = exponent >= 0 ? mantissa * BigInteger.Pow(2, exponent) : mantissa * BigInteger.Pow(5, -exponent);
        string digits = scaled.ToString(CultureInfo.InvariantCulture);
        int point = exponent >= 0 ? digits.Length : digits.Length + exponent;
        return new Decimal(digits.TrimEnd('0'), point);
    }
}
