using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>
/// Walks the nodes and writes the result. Every node visited is remembered: an error points at the last one (confd.md §7.6).
/// </summary>
internal sealed class Evaluator(Template template, long mostSteps)
{
    private const int DeepestCall = 100000;

    private readonly StringBuilder _output = new();
    private List<(string Name, Value Value)> _variables = [];
    private string _executing = template.Name;
    private Definition? _definition;
    private Node? _at;
    private int _depth;
    private long _steps;

    private enum Flow
    {
        Normal,
        Break,
        Continue,
    }

    public string Run(Value data)
    {
        _variables = [("$", data)];
        _definition = template.Find(template.Name)
            ?? throw new TemplateException($"template: {template.Name}: {GoText.Quote(template.Name)} is an incomplete or empty template");
        WalkAll(data, _definition.Body);
        return _output.ToString();
    }

    private Flow WalkAll(Value dot, ImmutableArray<Node> nodes)
    {
        foreach (var node in nodes)
        {
            var flow = Walk(dot, node);
            if (flow != Flow.Normal)
            {
                return flow;
            }
        }

        return Flow.Normal;
    }

    private Flow Walk(Value dot, Node node)
    {
        _at = node;
        Step(1);
        switch (node)
        {
            case Node.Text text:
                Write(text.Value);
                return Flow.Normal;
            case Node.Action action:
                var value = EvaluatePipeline(dot, action.Pipe);
                if (action.Pipe.Variables.IsEmpty)
                {
                    _at = action;
                    Write(value.IsMissing ? "<no value>" : Printed(value));
                }

                return Flow.Normal;
            case Node.Branch branch:
                return WalkBranch(dot, branch);
            case Node.Range range:
                return WalkRange(dot, range);
            case Node.Call call:
                WalkCall(dot, call);
                return Flow.Normal;
            case Node.Break:
                return Flow.Break;
            case Node.Continue:
                return Flow.Continue;
            default:
                throw new InvalidOperationException($"a {node.GetType().Name} cannot be walked");
        }
    }

    private void Step(long count)
    {
        _steps += count;
        if (_steps > mostSteps)
        {
            throw Fail($"the template took more than {mostSteps} steps");
        }
    }

    private void Write(string text)
    {
        _output.Append(_output.Length + (long)text.Length <= Limits.LongestText ? text : throw Fail(Limits.TooLong));
    }

    private string Printed(Value value)
    {
        try
        {
            return GoFormat.Sprint(value.Data);
        }
        catch (FunctionException tooLong)
        {
            throw Fail(tooLong.Message, tooLong);
        }
    }

    private Flow WalkBranch(Value dot, Node.Branch branch)
    {
        int scope = _variables.Count;
        var value = EvaluatePipeline(dot, branch.Pipe);
        bool isTrue = !value.IsMissing && GoTypes.IsTrue(value.Data);
        var flow = WalkAll(isTrue && branch.MovesDot ? value : dot, isTrue ? branch.Body : branch.Otherwise);
        PopVariables(scope);
        return flow;
    }

    private Flow WalkRange(Value dot, Node.Range range)
    {
        int scope = _variables.Count;
        var value = EvaluatePipeline(dot, range.Pipe);
        var items = Items(value);
        int loopScope = _variables.Count;
        bool isEmpty = true;
        var flow = Flow.Normal;
        foreach (var (index, element) in items)
        {
            isEmpty = false;
            Step(1);
            BindLoopVariables(range.Pipe, index, element);
            flow = WalkAll(element, range.Body);
            PopVariables(loopScope);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        // A break in the else branch belongs to the loop around this one.
        flow = isEmpty ? WalkAll(dot, range.Otherwise) : Flow.Normal;
        PopVariables(scope);
        return flow;
    }

    private IEnumerable<(Value Index, Value Element)> Items(Value value) => value.Data switch
    {
        null => [],
        GoSlice slice => Enumerable.Range(0, slice.Length).Select(i => (Value.Of((long)i), slice[i])),
        GoMap map => map.Entries.Select(entry => (Value.Of(entry.Key), Value.Interface(entry.Value))).ToArray(),
        _ => throw Fail($"range can't iterate over {GoFormat.Sprint(value.Data)}"),
    };

    /// <summary>With one variable it is the element; with two the index comes first. The pipeline pushed (or assigned) them already.</summary>
    private void BindLoopVariables(Node.Pipeline pipe, Value index, Value element)
    {
        var names = pipe.Variables;
        for (int i = 0; i < names.Length; i++)
        {
            var bound = i == names.Length - 1 ? element : index;
            if (pipe.IsAssignment)
            {
                Assign(names[i], bound);
            }
            else
            {
                int slot = _variables.Count - names.Length + i;
                _variables[slot] = (names[i], bound);
            }
        }
    }

    private void WalkCall(Value dot, Node.Call call) =>
        WalkDefinition(call.Name, () => call.Pipe is null ? Value.Missing : EvaluatePipeline(dot, call.Pipe));

    private void WalkDefinition(string name, Func<Value> evaluateArgument)
    {
        if (template.Find(name) is not { } called)
        {
            throw Fail(template.FaultOf(name) ?? $"template {GoText.Quote(name)} not defined");
        }

        if (_depth == DeepestCall || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TooDeep();
        }

        var argument = evaluateArgument();
        var (variables, executing, definition) = (_variables, _executing, _definition);
        _depth++;
        (_variables, _executing, _definition) = ([("$", argument)], name, called);
        WalkAll(argument, called.Body);
        (_variables, _executing, _definition) = (variables, executing, definition);
        _depth--;
    }

    /// <summary>Where the stack ends first, in a call or in what it evaluates, is chance: inside a called template it is the calls that nest.</summary>
    private TemplateException TooDeep() => Fail(_depth > 0 ? $"exceeded maximum template depth ({DeepestCall})" : "nested too deeply");

    /// <summary><c>include</c>: as the template action, but the text is a value that can go on through a pipeline.</summary>
    private Value Include(Value[] arguments)
    {
        int start = _output.Length;
        WalkDefinition((string)arguments[0].Data!, () => arguments.Length > 1 ? arguments[1].Unwrap() : Value.Missing);
        string text = _output.ToString(start, _output.Length - start);
        _output.Length = start;
        return Value.Of(text);
    }

    private Value EvaluatePipeline(Value dot, Node.Pipeline pipe)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TooDeep();
        }

        _at = pipe;
        Step(1);
        Value? final = null;
        foreach (var command in pipe.Commands)
        {
            final = EvaluateCommand(dot, command, final).Unwrap();
        }

        var value = final ?? Value.Missing;
        foreach (string name in pipe.Variables)
        {
            if (pipe.IsAssignment)
            {
                Assign(name, value);
            }
            else
            {
                _variables.Add((name, value));
            }
        }

        return value;
    }

    private Value EvaluateCommand(Value dot, Node.Command command, Value? final)
    {
        var first = command.Arguments[0];
        switch (first)
        {
            case Node.Field field:
                _at = field;
                return EvaluateFields(dot, dot, field, field.Fields, command.Arguments, final);
            case Node.Chain chain:
                return EvaluateChain(dot, chain, command.Arguments, final);
            case Node.Identifier identifier:
                return EvaluateFunction(dot, identifier, command, command.Arguments, final);
            case Node.Pipeline pipe:
                RefuseArguments(command.Arguments, final);
                return EvaluatePipeline(dot, pipe);
            case Node.Variable variable:
                return EvaluateVariable(dot, variable, command.Arguments, final);
        }

        _at = first;
        RefuseArguments(command.Arguments, final);
        return first switch
        {
            Node.Bool literal => Value.Of(literal.Value),
            Node.Dot => dot,
            Node.Number number => Constant(number),
            Node.String text => Value.Of(text.Value),
            Node.Nil => throw Fail("nil is not a command"),
            _ => throw Fail($"can't evaluate command {GoText.Quote(first.ToString())}"),
        };
    }

    private void RefuseArguments(ImmutableArray<Node> arguments, Value? final)
    {
        if (arguments.Length > 1 || final is not null)
        {
            throw Fail($"can't give argument to non-function {arguments[0]}");
        }
    }

    private Value Constant(Node.Number number)
    {
        _at = number;
        return number.Literal.Ideal is { } value ? Value.Of(value) : throw Fail($"{number.Literal.Text} overflows int");
    }

    private Value EvaluateVariable(Value dot, Node.Variable variable, ImmutableArray<Node> arguments, Value? final)
    {
        _at = variable;
        var value = Lookup(variable.Name);
        if (variable.Fields.IsEmpty)
        {
            RefuseArguments(arguments, final);
            return value;
        }

        return EvaluateFields(dot, value, variable, variable.Fields, arguments, final);
    }

    private Value EvaluateChain(Value dot, Node.Chain chain, ImmutableArray<Node> arguments, Value? final)
    {
        _at = chain;
        var receiver = EvaluateArgument(dot, null, chain.Inner);
        return EvaluateFields(dot, receiver, chain, chain.Fields, arguments, final);
    }

    private Value EvaluateFields(
        Value dot, Value receiver, Node node, ImmutableArray<string> fields, ImmutableArray<Node> arguments, Value? final)
    {
        foreach (string field in fields[..^1])
        {
            receiver = EvaluateField(dot, field, node, [], null, receiver);
        }

        // Only the last one may be a method that takes the arguments.
        return EvaluateField(dot, fields[^1], node, arguments, final, receiver);
    }

    private Value EvaluateField(Value dot, string field, Node node, ImmutableArray<Node> arguments, Value? final, Value receiver)
    {
        if (receiver.IsMissing)
        {
            return Value.Missing;
        }

        bool hasArguments = arguments.Length > 1 || final is not null;
        switch (receiver.Data)
        {
            case null:
                throw Fail($"nil pointer evaluating {receiver.TypeName}.{field}");
            case GoObject method when method.TryGetMethod(field, out var function):
                return EvaluateCall(dot, function, node, arguments, final);
            case GoObject structure when structure.TryGetField(field, out var value):
                return hasArguments ? throw Fail($"{field} has arguments but cannot be invoked as function") : value;
            case GoMap map:
                return hasArguments ? throw Fail($"{field} is not a method but has arguments")
                    : map.TryGet(field, out object? entry) ? Value.Interface(entry) : Value.Missing;
            default:
                throw Fail($"can't evaluate field {field} in type {receiver.TypeName}");
        }
    }

    private Value EvaluateFunction(Value dot, Node.Identifier identifier, Node node, ImmutableArray<Node> arguments, Value? final)
    {
        _at = identifier;
        return EvaluateCall(dot, template.Function(identifier.Name), node, arguments, final);
    }

    /// <summary>The word at index 0 names the function; the piped value comes last.</summary>
    private Value EvaluateCall(Value dot, TemplateFunction function, Node node, ImmutableArray<Node> words, Value? final)
    {
        var arguments = words.IsEmpty ? words : words[1..];
        CheckCount(function, arguments.Length, final is not null);
        if (function.StopsAt is { } stopsAt)
        {
            return EvaluateUntil(stopsAt, dot, arguments, final);
        }

        var values = new Value[arguments.Length + (final is null ? 0 : 1)];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = EvaluateArgument(dot, function.ParameterType(i), arguments[i]);
        }

        if (final is { } piped)
        {
            values[^1] = Validate(piped, function.ParameterType(arguments.Length));
        }

        if (function.IsInclude)
        {
            _at = node;
            return Include(values);
        }

        try
        {
            var made = function.Body(values);
            Limits.CheckText(made.Data is string text ? text.Length : 0);
            Step(Limits.CostOf(made));
            return made;
        }
        catch (FunctionException refused)
        {
            _at = node;
            throw Fail($"error calling {function.Name}: {refused.Message}", refused);
        }
    }

    private void CheckCount(TemplateFunction function, int written, bool isPiped)
    {
        int count = written + (isPiped ? 1 : 0);
        if (function.IsVariadic && count < function.FixedCount)
        {
            throw Fail($"wrong number of args for {function.Name}: want at least {function.FixedCount} got {written}");
        }

        if (!function.IsVariadic && count != function.FixedCount)
        {
            throw Fail($"wrong number of args for {function.Name}: want {function.FixedCount} got {count}");
        }
    }

    private Value EvaluateUntil(bool stopsAt, Value dot, ImmutableArray<Node> arguments, Value? final)
    {
        var value = Value.Missing;
        foreach (var argument in arguments)
        {
            value = EvaluateArgument(dot, GoTypes.AnyValue, argument);
            if (GoTypes.IsTrue(value.Data) == stopsAt)
            {
                return value;
            }
        }

        return final ?? value;
    }

    /// <summary>An argument for a parameter of <paramref name="type"/>; null asks for the value as it is.</summary>
    private Value EvaluateArgument(Value dot, string? type, Node node)
    {
        _at = node;
        switch (node)
        {
            case Node.Dot:
                return Validate(dot, type);
            case Node.Nil:
                return type is null ? throw Fail("indirection through explicit nil")
                    : GoTypes.IsNilable(type) ? Zero(type) : throw Fail($"cannot assign nil to {type}");
            case Node.Field field:
                return Validate(EvaluateFields(dot, dot, field, field.Fields, [], null), type);
            case Node.Variable variable:
                return Validate(EvaluateVariable(dot, variable, [variable], null), type);
            case Node.Pipeline pipe:
                return Validate(EvaluatePipeline(dot, pipe), type);
            case Node.Identifier identifier:
                return Validate(EvaluateFunction(dot, identifier, identifier, [], null), type);
            case Node.Chain chain:
                return Validate(EvaluateChain(dot, chain, [], null), type);
            default:
                return Literal(node, type ?? GoTypes.Interface);
        }
    }

    private Value Literal(Node node, string type) => (type, node) switch
    {
        (GoTypes.Interface, Node.Number number) => Value.Interface(Constant(number).Data),
        (GoTypes.Interface, Node.Bool literal) => Value.Interface(literal.Value),
        (GoTypes.Interface, Node.String text) => Value.Interface(text.Value),
        (GoTypes.AnyValue, Node.Number number) => Constant(number),
        (GoTypes.AnyValue, Node.Bool literal) => Value.Of(literal.Value),
        (GoTypes.AnyValue, Node.String text) => Value.Of(text.Value),
        (GoTypes.Bool, Node.Bool literal) => Value.Of(literal.Value),
        (GoTypes.Bool, _) => throw Fail($"expected bool; found {node}"),
        (GoTypes.String, Node.String text) => Value.Of(text.Value),
        (GoTypes.String, _) => throw Fail($"expected string; found {node}"),
        (GoTypes.Int or GoTypes.Duration, Node.Number { Literal.Int: { } number }) => Value.Of(number),
        (GoTypes.Int or GoTypes.Duration, _) => throw Fail($"expected integer; found {node}"),
        _ => throw Fail($"can't handle {node} for arg of type {type}"),
    };

    private Value Validate(Value value, string? type)
    {
        if (type is null)
        {
            return value;
        }

        if (value.IsMissing)
        {
            return GoTypes.IsNilable(type) ? Zero(type) : throw Fail($"invalid value; expected {type}");
        }

        if (type == GoTypes.AnyValue)
        {
            return value;
        }

        if (type == GoTypes.Interface)
        {
            return Value.Interface(value.Data);
        }

        return value.Data is { } data && IsAssignable(data, type)
            ? Value.Of(data)
            : throw Fail($"wrong type for value; expected {type}; got {value.Unwrap() switch { { IsMissing: true } => GoTypes.Interface, var inner => inner.TypeName }}");
    }

    /// <summary>A named slice fits its unnamed form: what gets returns is a []memkv.KVPair.</summary>
    private static bool IsAssignable(object data, string type) =>
        GoTypes.NameOf(data) == type || (data is GoSlice slice && slice.UnderlyingName == type);

    private static Value Zero(string type) => type switch
    {
        GoTypes.Interface => Value.Interface(null),
        GoTypes.AnyValue => Value.Missing,
        GoTypes.Map => Value.Of(new GoMap()),
        _ => Value.Of(new GoSlice(type, [])),
    };

    private Value Lookup(string name)
    {
        int found = _variables.FindLastIndex(variable => variable.Name == name);
        return found < 0 ? throw Fail($"undefined variable: {name}") : _variables[found].Value;
    }

    private void Assign(string name, Value value)
    {
        int found = _variables.FindLastIndex(variable => variable.Name == name);
        _variables[found < 0 ? throw Fail($"undefined variable: {name}") : found] = (name, value);
    }

    private void PopVariables(int count) => _variables.RemoveRange(count, _variables.Count - count);

    private TemplateException Fail(string message, Exception? inner = null)
    {
        var node = _at!;
        string before = _definition!.Text[..node.Position];
        int line = 1 + before.Count(c => c == '\n');
        int column = before.Length - 1 - before.LastIndexOf('\n');
        return new TemplateException(
            GoText.ToUtf16($"template: {_definition.File}:{line}:{column}: executing {GoText.Quote(_executing)} at <{node}>: {message}"), inner);
    }
}
