using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Coreutil.Confd.Templates;

/// <summary>A parsed template file: Go's text/template, pure. The same bytes and functions always give the same answer.</summary>
internal sealed class Template
{
    private readonly FrozenDictionary<string, TemplateFunction> _functions;
    private readonly Dictionary<string, Definition> _definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _faults = new(StringComparer.Ordinal);

    private Template(string name, FrozenDictionary<string, TemplateFunction> functions)
    {
        Name = name;
        _functions = functions;
    }

    /// <summary>As error texts name it: the file's base name.</summary>
    public string Name { get; }

    /// <summary>Throws <see cref="TemplateException"/> with Go's text for what cannot be parsed. Builtins need not be passed.</summary>
    /// <param name="name">The file's base name.</param>
    /// <param name="bytes">The file.</param>
    /// <param name="functions">What it may call.</param>
    /// <param name="delimiters">Of actions; null for the usual.</param>
    /// <param name="partials">Files whose templates it may call; one that cannot be parsed is an error only where it is called.</param>
    public static Template Parse(
        string name, ReadOnlySpan<byte> bytes, IEnumerable<TemplateFunction> functions,
        Delimiters? delimiters = null, IEnumerable<TemplateSource>? partials = null)
    {
        var byName = new Dictionary<string, TemplateFunction>(StringComparer.Ordinal);
        foreach (var function in Builtins.All.Concat(functions))
        {
            byName[function.Name] = function;
        }

        var template = new Template(GoText.FromUtf16(name), byName.ToFrozenDictionary(StringComparer.Ordinal));
        template.Add(new TemplateSource(name, bytes.ToArray()), delimiters ?? Delimiters.Default);
        foreach (var partial in partials ?? [])
        {
            template.AddPartial(partial, delimiters ?? Delimiters.Default);
        }

        return template;
    }

    /// <summary>Throws <see cref="TemplateException"/>; what was written until then is of no use.</summary>
    public byte[] Execute(Value data, long mostSteps = Limits.MostSteps) => GoText.ToBytes(new Evaluator(this, mostSteps).Run(data));

    public Definition? Find(string name) => _definitions.GetValueOrDefault(name);

    /// <summary>Why the partial of this name could not be parsed.</summary>
    public string? FaultOf(string name) => _faults.GetValueOrDefault(name);

    public TemplateFunction Function(string name) => _functions[name];

    /// <summary>What the file defines itself wins over its partials, and the earlier partial over the later.</summary>
    private void Add(TemplateSource source, Delimiters delimiters)
    {
        string file = GoText.FromUtf16(source.Name);
        string text = GoText.FromBytes(source.Bytes);
        foreach (var (name, body) in Parser.Parse(file, text, delimiters, _functions.Keys.ToFrozenSet(StringComparer.Ordinal)))
        {
            _definitions.TryAdd(name, new Definition(file, text, body));
        }
    }

    private void AddPartial(TemplateSource partial, Delimiters delimiters)
    {
        try
        {
            Add(partial, delimiters);
        }
        catch (TemplateException bad)
        {
            _faults[GoText.FromUtf16(partial.Name)] = GoText.FromUtf16(bad.Message);
        }
    }
}

/// <summary>A file of templates: its base name, as errors show it, and its bytes.</summary>
internal sealed record TemplateSource(string Name, byte[] Bytes);

/// <summary>A named template and the file it stands in, whose text turns positions into lines and columns.</summary>
internal sealed record Definition(string File, string Text, ImmutableArray<Node> Body);
