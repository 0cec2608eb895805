namespace Coreutil.Confd.Templates;

/// <summary>A template that cannot be parsed or executed; the message is Go's, position included.</summary>
public sealed class TemplateException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a function answers instead of a value; the evaluator adds the function's name and the position.</summary>
internal sealed class FunctionException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The data lack what the template asked for; they may have it later.</summary>
    public bool IsMissingKey { get; init; }
}
