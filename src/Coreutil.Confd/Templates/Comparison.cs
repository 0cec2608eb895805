using System.Numerics;

namespace Coreutil.Confd.Templates;

/// <summary><c>eq</c> and <c>lt</c> by Go's basic kinds: an int is never a float, an unsigned one is compared by value (confd.md §7.9).</summary>
internal static class Comparison
{
    private const string Incompatible = "incompatible types for comparison";

    private enum Kind
    {
        Other,
        Bool,
        Int,
        Uint,
        Float,
        Complex,
        String,
    }

    public static bool EqualsAny(Value[] values)
    {
        var first = values[0].Unwrap();
        if (values.Length < 2)
        {
            throw new FunctionException("missing argument for comparison");
        }

        return values.Skip(1).Any(other => AreEqual(first, other.Unwrap()));
    }

    public static bool IsLess(Value left, Value right)
    {
        var (a, b) = (left.Unwrap(), right.Unwrap());
        var kind = Basic(a);
        if (kind == Kind.Other || Basic(b) == Kind.Other)
        {
            throw new FunctionException("invalid type for comparison");
        }

        if (kind is Kind.Int or Kind.Uint && Basic(b) is Kind.Int or Kind.Uint)
        {
            return Number(a.Data!) < Number(b.Data!);
        }

        if (kind != Basic(b))
        {
            throw new FunctionException(Incompatible);
        }

        return kind switch
        {
            Kind.Float => (double)a.Data! < (double)b.Data!,
            Kind.String => string.CompareOrdinal((string)a.Data!, (string)b.Data!) < 0,
            _ => throw new FunctionException("invalid type for comparison"),
        };
    }

    private static bool AreEqual(Value a, Value b)
    {
        var (left, right) = (Basic(a), Basic(b));
        if (left is Kind.Int or Kind.Uint && right is Kind.Int or Kind.Uint)
        {
            return Number(a.Data!) == Number(b.Data!);
        }

        if (left != right)
        {
            // Nothing equals nothing only; beside it any type may stand.
            return a.IsMissing || b.IsMissing ? a.IsMissing && b.IsMissing : throw new FunctionException(Incompatible);
        }

        if (left != Kind.Other)
        {
            return a.Data!.Equals(b.Data);
        }

        if (a.IsMissing || b.IsMissing)
        {
            return a.IsMissing && b.IsMissing;
        }

        if (Composite(a.Data!) != Composite(b.Data!))
        {
            throw new FunctionException($"non-comparable types {Shown(a)}: {a.TypeName}, {b.TypeName}: {GoFormat.Sprint(b.Data)}");
        }

        if (b.Data is GoSlice or GoMap)
        {
            throw new FunctionException($"non-comparable type {Shown(b)}: {b.TypeName}");
        }

        return a.TypeName == b.TypeName && a.Data is GoObject x && b.Data is GoObject y
            && (ReferenceEquals(x, y) || (x.Fields.Count > 0 && x.Fields.SequenceEqual(y.Fields)));
    }

    /// <summary>The original prints a value that cannot be compared under <c>%s</c>.</summary>
    private static string Shown(Value value) => GoFormat.Sprintf("%s", [value.Data]);

    private static string Composite(object data) => data switch
    {
        GoSlice => "slice",
        GoMap => "map",
        GoObject { TypeName: ['*', ..] } => "pointer",
        _ => "struct",
    };

    private static Kind Basic(Value value) => value.Data switch
    {
        bool => Kind.Bool,
        long or GoInteger => Kind.Int,
        byte => Kind.Uint,
        double => Kind.Float,
        Complex => Kind.Complex,
        string => Kind.String,
        _ => Kind.Other,
    };

    private static long Number(object data) => data switch
    {
        long number => number,
        byte number => number,
        GoInteger integer => integer.Number,
        _ => throw new InvalidOperationException("not a number"),
    };
}
