using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Coreutil.Confd.Templates;

/// <summary>A parsed template file: Go's text/template, pure. The same bytes and functions always give the same answer.</summary>
internal sealed class Template
{
    private readonly FrozenDictionary<string, TemplateFunction> _functions;
    private readonly Dictionary<string, ImmutableArray<Node>> _definitions;

    private Template(string name, string text, FrozenDictionary<string, TemplateFunction> functions)
    {
        Name = name;
        Text = text;
        _functions = functions;
        _definitions = Parser.Parse(name, text, functions.Keys.ToFrozenSet(StringComparer.Ordinal));
    }

    /// <summary>As error texts name it: the file's base name.</summary>
    public string Name { get; }

    public string Text { get; }

    /// <summary>Throws <see cref="TemplateException"/> with Go's text for what cannot be parsed. Builtins need not be passed.</summary>
    public static Template Parse(string name, ReadOnlySpan<byte> bytes, IEnumerable<TemplateFunction> functions)
    {
        var byName = new Dictionary<string, TemplateFunction>(StringComparer.Ordinal);
        foreach (var function in Builtins.All.Concat(functions))
        {
            byName[function.Name] = function;
        }

        return new Template(GoText.FromUtf16(name), GoText.FromBytes(bytes), byName.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>Throws <see cref="TemplateException"/>; what was written until then is of no use.</summary>
    public byte[] Execute(Value data) => GoText.ToBytes(new Evaluator(this).Run(data));

    public ImmutableArray<Node>? Find(string name) => _definitions.TryGetValue(name, out var body) ? body : null;

    public TemplateFunction Function(string name) => _functions[name];
}
