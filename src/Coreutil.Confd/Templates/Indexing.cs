namespace Coreutil.Confd.Templates;

/// <summary><c>index</c>, <c>slice</c> and <c>len</c> (confd.md §7.10).</summary>
internal static class Indexing
{
    public static Value Index(Value item, Value[] keys)
    {
        item = item.Unwrap();
        if (item.IsMissing)
        {
            throw new FunctionException("index of untyped nil");
        }

        foreach (var key in keys)
        {
            item = item.Unwrap();
            item = item.Data switch
            {
                null => throw new FunctionException("index of nil pointer"),
                GoSlice slice => slice[Position(key, slice.Length, "slice")],
                string text => Value.Of((byte)text[Position(key, text.Length, "string")]),
                GoMap map => Entry(map, key.Unwrap()),
                _ => throw new FunctionException($"can't index item of type {item.TypeName}"),
            };
        }

        return item;
    }

    public static Value Slice(Value item, Value[] bounds)
    {
        item = item.Unwrap();
        if (item.IsMissing)
        {
            throw new FunctionException("slice of untyped nil");
        }

        if (bounds.Length > 3)
        {
            throw new FunctionException($"too many slice indexes: {bounds.Length}");
        }

        if (item.Data is string && bounds.Length == 3)
        {
            throw new FunctionException("cannot 3-index slice a string");
        }

        int capacity = item.Data switch
        {
            string text => text.Length,
            GoSlice slice => slice.Capacity,
            _ => throw new FunctionException($"can't slice item of type {item.TypeName}"),
        };
        int[] at = [.. bounds.Select(bound => Bound(bound, capacity))];
        int from = at.Length > 0 ? at[0] : 0;
        int to = at.Length > 1 ? at[1] : item.Data is GoSlice whole ? whole.Length : capacity;
        if (from > to)
        {
            throw new FunctionException($"invalid slice index: {from} > {to}");
        }

        if (at.Length == 3 && to > at[2])
        {
            throw new FunctionException($"invalid slice index: {to} > {at[2]}");
        }

        return item.Data is string cut ? Value.Of(cut[from..to])
            : Value.Of(at.Length == 3 ? ((GoSlice)item.Data!).Slice(from, to, at[2]) : ((GoSlice)item.Data!).Slice(from, to));
    }

    public static long Length(Value item) => item.Unwrap().Data switch
    {
        string text => text.Length,
        GoSlice slice => slice.Length,
        GoMap map => map.Count,
        null => throw new FunctionException("len of nil pointer"),
        _ => throw new FunctionException($"len of type {item.Unwrap().TypeName}"),
    };

    private static Value Entry(GoMap map, Value key)
    {
        if (key.Data is not string name)
        {
            throw new FunctionException(key.IsMissing ? "value is nil; should be of type string" : $"value has type {key.TypeName}; should be string");
        }

        return Value.Interface(map.TryGet(name, out object? value) ? value : null);
    }

    /// <summary>Exactly the length passes Go's own check and fails in its reflection.</summary>
    private static int Position(Value key, int length, string what)
    {
        int position = Bound(key.Unwrap(), length);
        return position < length ? position : throw new FunctionException($"reflect: {what} index out of range");
    }

    /// <summary>A number that still stands in its interface is none to <c>slice</c>.</summary>
    private static int Bound(Value value, int limit)
    {
        long number = value.Data switch
        {
            _ when value.IsInterface => throw new FunctionException($"cannot index slice/array with type {value.TypeName}"),
            long integer => integer,
            byte small => small,
            GoInteger named => named.Number,
            null => throw new FunctionException("cannot index slice/array with nil"),
            _ => throw new FunctionException($"cannot index slice/array with type {value.TypeName}"),
        };
        return number < 0 || number > limit ? throw new FunctionException($"index out of range: {number}") : (int)number;
    }
}
