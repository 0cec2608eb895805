using System.Collections.Immutable;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Functions;

/// <summary>All functions of confd 0.16 and master, the two of 0.6.3 that old templates still call, and some of our own.</summary>
internal static class FunctionSet
{
    public static IEnumerable<TemplateFunction> Create(KeyMap keys, HostView host) =>
        [.. StoreFunctions.Create(keys), .. TextFunctions.All, .. NumberFunctions.All, .. CollectionFunctions.All, .. HelperFunctions.All, .. HostFunctions.Create(host)];

    internal static TemplateFunction Define(string name, ImmutableArray<string> parameters, Func<Value[], object> body) =>
        new(name, parameters, values => Value.Of(body(values)));

    internal static TemplateFunction DefineVariadic(string name, ImmutableArray<string> parameters, Func<Value[], object> body) =>
        Define(name, parameters, body) with { IsVariadic = true };

    internal static string Text(Value value) => (string)value.Data!;
}
