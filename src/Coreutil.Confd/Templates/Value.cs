namespace Coreutil.Confd.Templates;

/// <summary>
/// What an expression is worth, as Go's reflection sees it: nothing at all (<see cref="IsMissing"/>), a value of a concrete type, or an interface
/// holding a value or nil. The difference shows in error texts and in <c>&lt;no value&gt;</c>.
/// </summary>
internal readonly record struct Value
{
    private readonly Shape _shape;

    private Value(Shape shape, object? data)
    {
        _shape = shape;
        Data = data;
    }

    private enum Shape : byte
    {
        Missing,
        Concrete,
        Interface,
    }

    public static Value Missing => default;

    /// <summary>bool, long (int), byte (uint8), double, Complex, string, <see cref="GoSlice"/>, <see cref="GoMap"/> or <see cref="GoObject"/>.</summary>
    public object? Data { get; }

    public bool IsMissing => _shape == Shape.Missing;

    public bool IsInterface => _shape == Shape.Interface;

    public string TypeName => IsInterface ? "interface {}" : GoTypes.NameOf(Data);

    public static Value Of(object data) => new(Shape.Concrete, data);

    /// <summary>An element of <c>[]interface {}</c> or <c>map[string]interface {}</c>; null is nil.</summary>
    public static Value Interface(object? data) => new(Shape.Interface, data);

    /// <summary>Takes the value out of its interface; nil becomes nothing.</summary>
    public Value Unwrap() => !IsInterface ? this : Data is null ? Missing : Of(Data);
}
