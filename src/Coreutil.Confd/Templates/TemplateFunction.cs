using System.Collections.Immutable;

namespace Coreutil.Confd.Templates;

/// <summary>
/// A function with its Go signature. Arguments arrive checked: of the parameter's type, or as they are for <c>interface {}</c> and
/// <see cref="GoTypes.AnyValue"/>. It refuses with <see cref="FunctionException"/>.
/// </summary>
internal sealed record TemplateFunction(string Name, ImmutableArray<string> Parameters, Func<Value[], Value> Body)
{
    /// <summary>The last parameter takes any number of arguments.</summary>
    public bool IsVariadic { get; init; }

    /// <summary><c>and</c> and <c>or</c>: the argument that decides is the result, those after it are not evaluated. True for <c>or</c>.</summary>
    public bool? StopsAt { get; init; }

    /// <summary>Calls the template its first argument names; the evaluator does it, not the body.</summary>
    public bool IsInclude { get; init; }

    public int FixedCount => Parameters.Length - (IsVariadic ? 1 : 0);

    public string ParameterType(int index) => Parameters[Math.Min(index, Parameters.Length - 1)];
}
