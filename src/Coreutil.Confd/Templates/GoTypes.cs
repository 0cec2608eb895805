using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Coreutil.Confd.Templates;

/// <summary>Go's names of the types that templates meet.</summary>
internal static class GoTypes
{
    public const string Bool = "bool";
    public const string Int = "int";
    public const string Float = "float64";
    public const string String = "string";
    public const string Interface = "interface {}";
    public const string StringSlice = "[]string";
    public const string IntSlice = "[]int";
    public const string InterfaceSlice = "[]interface {}";
    public const string Map = "map[string]interface {}";
    public const string Duration = "time.Duration";

    /// <summary>The parameter type of builtins that take a value as it is, a missing one included.</summary>
    public const string AnyValue = "reflect.Value";

    public static string NameOf(object? data) => data switch
    {
        null => "<nil>",
        bool => Bool,
        long => Int,
        byte => "uint8",
        double => Float,
        Complex => "complex128",
        string => String,
        GoSlice slice => slice.TypeName,
        GoMap => Map,
        GoObject other => other.TypeName,
        _ => throw new InvalidOperationException($"no Go type for {data.GetType()}"),
    };

    public static bool IsNilable(string type) => type is Interface or AnyValue or Map || type.StartsWith("[]", StringComparison.Ordinal) || type.StartsWith('*');

    /// <summary>Falsehood: nil, false, zero, and what is empty (confd.md §7.4).</summary>
    public static bool IsTrue(object? data) => data switch
    {
        null => false,
        bool flag => flag,
        long number => number != 0,
        byte number => number != 0,
        double number => number != 0,
        Complex number => number != Complex.Zero,
        string text => text.Length > 0,
        GoSlice slice => slice.Length > 0,
        GoMap map => map.Count > 0,
        GoInteger number => number.Number != 0,
        _ => true,
    };
}

/// <summary>A window on shared elements, as Go's slices are: <c>reverse</c> changes what others see, <c>slice</c> reaches up to the capacity.</summary>
internal sealed class GoSlice(string typeName, object?[] elements, int start, int length)
{
    public GoSlice(string typeName, IEnumerable<object?> elements)
        : this(typeName, [.. elements])
    {
    }

    private GoSlice(string typeName, object?[] elements)
        : this(typeName, elements, 0, elements.Length)
    {
    }

    public string TypeName => typeName;

    /// <summary><c>[]T</c> behind the type's own name.</summary>
    public string UnderlyingName => typeName.StartsWith("[]", StringComparison.Ordinal) ? typeName : "[]" + typeName[..^1];

    public int Length => length;

    public int Capacity => elements.Length - start;

    public Span<object?> Elements => elements.AsSpan(start, length);

    public Value this[int index] => UnderlyingName == GoTypes.InterfaceSlice
        ? Value.Interface(elements[start + index])
        : Value.Of(elements[start + index]!);

    public GoSlice Slice(int from, int to) => new(typeName, elements, start + from, to - from);

    public GoSlice Slice(int from, int to, int capacityEnd) => new(typeName, elements[..(start + capacityEnd)], start + from, to - from);

    public static GoSlice OfStrings(IEnumerable<string> strings) => new(GoTypes.StringSlice, strings);
}

/// <summary><c>map[string]interface {}</c>, in the order Go prints and ranges it.</summary>
internal sealed class GoMap
{
    private readonly SortedDictionary<string, object?> _entries = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    public IEnumerable<KeyValuePair<string, object?>> Entries => _entries;

    public object? this[string key]
    {
        set => _entries[key] = value;
    }

    public bool TryGet(string key, out object? value) => _entries.TryGetValue(key, out value);
}

/// <summary>A struct, or a named type with methods.</summary>
internal abstract class GoObject
{
    public abstract string TypeName { get; }

    /// <summary>The exported fields in order; none for types that are only methods.</summary>
    public virtual IReadOnlyList<(string Name, object? Value)> Fields => [];

    /// <summary>The fields as they are printed, those a template cannot reach included.</summary>
    public virtual IReadOnlyList<(string Name, object? Value)> Structure => Fields;

    /// <summary>Go's <c>String()</c>; null for types without.</summary>
    public virtual string? Text => null;

    /// <summary>Go's <c>GoString()</c>; null for types without.</summary>
    public virtual string? GoSyntax => null;

    public bool TryGetField(string name, out Value value)
    {
        foreach (var (field, data) in Fields)
        {
            if (field == name)
            {
                value = Value.Of(data!);
                return true;
            }
        }

        value = Value.Missing;
        return false;
    }

    public virtual bool TryGetMethod(string name, [NotNullWhen(true)] out TemplateFunction? method)
    {
        method = null;
        return false;
    }
}

/// <summary>An integer type with a name and a text: months, weekdays, durations, ports.</summary>
internal sealed class GoInteger(string typeName, long number, string? text = null) : GoObject
{
    public override string TypeName => typeName;

    public long Number => number;

    public override string? Text => text;
}
