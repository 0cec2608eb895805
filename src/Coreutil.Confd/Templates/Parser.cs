using System.Collections.Immutable;

namespace Coreutil.Confd.Templates;

/// <summary>
/// Tokens to nodes (confd.md §7.2). Names of functions and variables are checked here, also in branches that never run.
/// Nesting is limited, so that no text can exhaust the stack.
/// </summary>
internal sealed class Parser
{
    private const int DeepestNesting = 1000;

    private readonly string _name;
    private readonly IReadOnlyList<Token> _tokens;
    private readonly IReadOnlySet<string> _functions;
    private readonly Dictionary<string, ImmutableArray<Node>> _definitions = new(StringComparer.Ordinal);
    private List<string> _variables = ["$"];
    private int _next;
    private int _furthest;
    private int _rangeDepth;
    private int _nesting;
    private int _actionLine;

    private Parser(string name, IReadOnlyList<Token> tokens, IReadOnlySet<string> functions)
    {
        _name = name;
        _tokens = tokens;
        _functions = functions;
    }

    /// <summary>All templates of a file by name: the file's own under its name, and those it defines.</summary>
    public static Dictionary<string, ImmutableArray<Node>> Parse(string name, string text, Delimiters delimiters, IReadOnlySet<string> functions)
    {
        var parser = new Parser(name, Lexer.Tokenize(text, delimiters), functions);
        parser.ParseFile();
        return parser._definitions;
    }

    private void ParseFile()
    {
        var root = ImmutableArray.CreateBuilder<Node>();
        while (Peek().Kind != TokenKind.EndOfFile)
        {
            if (Peek().Kind == TokenKind.LeftDelimiter)
            {
                int delimiter = _next;
                Next();
                if (NextNonSpace().Kind == TokenKind.Define)
                {
                    ParseDefinition();
                    continue;
                }

                _next = delimiter;
            }

            var node = ParseTextOrAction();
            if (node is Node.End or Node.Else)
            {
                throw Fail($"unexpected {node}");
            }

            root.Add(node);
        }

        Define(_name, root.ToImmutable());
    }

    private void ParseDefinition()
    {
        const string Context = "define clause";
        string name = ParseTemplateName(NextNonSpace(), Context);
        Expect(TokenKind.RightDelimiter, Context);
        ParseSeparateBody(name, Context);
    }

    /// <summary>A body with a scope of its own: no variable but $, no range around it.</summary>
    private void ParseSeparateBody(string name, string context)
    {
        var (variables, rangeDepth) = (_variables, _rangeDepth);
        (_variables, _rangeDepth) = (["$"], 0);
        var (body, end) = ParseList();
        if (end is not Node.End)
        {
            throw Fail($"unexpected {end} in {context}");
        }

        Define(name, body);
        (_variables, _rangeDepth) = (variables, rangeDepth);
    }

    /// <summary>A blank template neither replaces another nor keeps its place; two that say something are an error.</summary>
    private void Define(string name, ImmutableArray<Node> body)
    {
        if (!_definitions.TryGetValue(name, out var existing) || IsBlank(existing))
        {
            _definitions[name] = body;
        }
        else if (!IsBlank(body))
        {
            throw Fail($"template: multiple definition of template {GoText.Quote(name)}");
        }
    }

    private static bool IsBlank(ImmutableArray<Node> body) =>
        body.All(node => node is Node.Text text && text.Value.All(c => c is ' ' or '\t' or '\n' or '\v' or '\f' or '\r'));

    private (ImmutableArray<Node> Body, Node End) ParseList()
    {
        var body = ImmutableArray.CreateBuilder<Node>();
        Enter();
        while (PeekNonSpace().Kind != TokenKind.EndOfFile)
        {
            var node = ParseTextOrAction();
            if (node is Node.End or Node.Else)
            {
                _nesting--;
                return (body.ToImmutable(), node);
            }

            body.Add(node);
        }

        throw Fail("unexpected EOF");
    }

    private Node ParseTextOrAction()
    {
        var token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Text:
                return new Node.Text(token.Position, token.Text);
            case TokenKind.LeftDelimiter:
                _actionLine = token.Line;
                var action = ParseAction();
                _actionLine = 0;
                return action;
            default:
                throw Unexpected(token, "input");
        }
    }

    private Node ParseAction()
    {
        var token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Block:
                return ParseBlock();
            case TokenKind.Break:
                return ParseLoopExit("{{break}}", new Node.Break(token.Position));
            case TokenKind.Continue:
                return ParseLoopExit("{{continue}}", new Node.Continue(token.Position));
            case TokenKind.Else:
                return ParseElse();
            case TokenKind.End:
                return new Node.End(Expect(TokenKind.RightDelimiter, "end").Position);
            case TokenKind.If:
                return ParseBranch("if");
            case TokenKind.With:
                return ParseBranch("with");
            case TokenKind.Range:
                return ParseRange();
            case TokenKind.Template:
                return ParseCall();
            default:
                _next--;
                // Variables declared by an action live until the enclosing end.
                return new Node.Action(token.Position, ParsePipeline("command", TokenKind.RightDelimiter));
        }
    }

    private Node ParseLoopExit(string context, Node node)
    {
        var token = NextNonSpace();
        if (token.Kind != TokenKind.RightDelimiter)
        {
            throw Unexpected(token, context);
        }

        return _rangeDepth > 0 ? node : throw Fail($"{context} outside {{{{range}}}}");
    }

    /// <summary>«else if» leaves the if for the branch to read.</summary>
    private Node.Else ParseElse() =>
        new(PeekNonSpace() is { Kind: TokenKind.If } following ? following.Position : Expect(TokenKind.RightDelimiter, "else").Position);

    private Node.Branch ParseBranch(string context)
    {
        int scope = _variables.Count;
        var pipe = ParsePipeline(context, TokenKind.RightDelimiter);
        var (body, end) = ParseList();
        ImmutableArray<Node> otherwise = [];
        if (end is Node.Else && context == "if" && Peek().Kind == TokenKind.If)
        {
            Next();
            Enter();
            // One end closes the whole chain.
            otherwise = [ParseBranch("if")];
            _nesting--;
        }
        else if (end is Node.Else)
        {
            otherwise = ParseOtherwise();
        }

        PopVariables(scope);
        return new Node.Branch(pipe.Position, context == "with", pipe, body, otherwise);
    }

    private Node.Range ParseRange()
    {
        int scope = _variables.Count;
        var pipe = ParsePipeline("range", TokenKind.RightDelimiter);
        _rangeDepth++;
        var (body, end) = ParseList();
        _rangeDepth--;
        var otherwise = end is Node.Else ? ParseOtherwise() : [];
        PopVariables(scope);
        return new Node.Range(pipe.Position, pipe, body, otherwise);
    }

    private ImmutableArray<Node> ParseOtherwise()
    {
        var (body, end) = ParseList();
        return end is Node.End ? body : throw Fail($"expected end; found {end}");
    }

    private Node.Call ParseCall()
    {
        const string Context = "template clause";
        var token = NextNonSpace();
        string name = ParseTemplateName(token, Context);
        if (NextNonSpace().Kind == TokenKind.RightDelimiter)
        {
            return new Node.Call(token.Position, name, null);
        }

        _next--;
        return new Node.Call(token.Position, name, ParsePipeline(Context, TokenKind.RightDelimiter));
    }

    /// <summary>«block» defines a template and calls it in place.</summary>
    private Node.Call ParseBlock()
    {
        const string Context = "block clause";
        var token = NextNonSpace();
        string name = ParseTemplateName(token, Context);
        var pipe = ParsePipeline(Context, TokenKind.RightDelimiter);
        ParseSeparateBody(name, Context);
        return new Node.Call(token.Position, name, pipe);
    }

    private string ParseTemplateName(Token token, string context) => token.Kind is TokenKind.String or TokenKind.RawString
        ? GoUnquote.Text(token.Text) ?? throw Fail("invalid syntax")
        : throw Unexpected(token, context);

    private Node.Pipeline ParsePipeline(string context, TokenKind end)
    {
        int position = PeekNonSpace().Position;
        var (variables, isAssignment) = ParseDeclarations(context);
        var commands = ImmutableArray.CreateBuilder<Node.Command>();
        while (true)
        {
            var token = NextNonSpace();
            if (token.Kind == end)
            {
                break;
            }

            if (!StartsOperand(token.Kind))
            {
                throw Unexpected(token, context);
            }

            _next--;
            commands.Add(ParseCommand());
        }

        if (commands.Count == 0)
        {
            throw Fail($"missing value for {context}");
        }

        int constant = commands.Skip(1).TakeWhile(command => command.Arguments[0] is not (Node.Bool or Node.Dot or Node.Nil or Node.Number or Node.String)).Count() + 1;
        return constant >= commands.Count
            ? new Node.Pipeline(position, variables, isAssignment, commands.ToImmutable())
            : throw Fail($"non executable command in pipeline stage {constant + 1}");
    }

    private static bool StartsOperand(TokenKind kind) => kind is TokenKind.Bool or TokenKind.CharConstant or TokenKind.Complex or TokenKind.Dot
        or TokenKind.Field or TokenKind.Identifier or TokenKind.Number or TokenKind.Nil or TokenKind.RawString or TokenKind.String
        or TokenKind.Variable or TokenKind.LeftParenthesis;

    /// <summary><c>$x :=</c>, <c>$x =</c> and, in a range only, <c>$i, $x :=</c>. A variable without them starts the first command.</summary>
    private (ImmutableArray<string> Variables, bool IsAssignment) ParseDeclarations(string context)
    {
        var variables = ImmutableArray.CreateBuilder<string>();
        while (PeekNonSpace() is { Kind: TokenKind.Variable } variable)
        {
            int before = _next;
            Next();
            var following = PeekNonSpace();
            if (following.Kind is TokenKind.Declare or TokenKind.Assign)
            {
                Next();
                variables.Add(variable.Text);
                _variables.Add(variable.Text);
                return (variables.ToImmutable(), following.Kind == TokenKind.Assign);
            }

            if (following is not { Kind: TokenKind.Char, Text: "," })
            {
                _next = before;
                break;
            }

            Next();
            variables.Add(variable.Text);
            _variables.Add(variable.Text);
            if (context != "range" || variables.Count >= 2)
            {
                throw Fail($"too many declarations in {context}");
            }

            if (PeekNonSpace().Kind is not (TokenKind.Variable or TokenKind.RightDelimiter or TokenKind.RightParenthesis))
            {
                throw Fail("range can only initialize variables");
            }
        }

        return (variables.ToImmutable(), false);
    }

    private Node.Command ParseCommand()
    {
        int position = PeekNonSpace().Position;
        var arguments = ImmutableArray.CreateBuilder<Node>();
        while (true)
        {
            PeekNonSpace();
            if (ParseOperand() is { } operand)
            {
                arguments.Add(operand);
            }

            var token = Next();
            switch (token.Kind)
            {
                case TokenKind.Space:
                    continue;
                case TokenKind.RightDelimiter or TokenKind.RightParenthesis:
                    _next--;
                    break;
                case TokenKind.Pipe:
                    break;
                default:
                    throw Unexpected(token, "operand");
            }

            return arguments.Count > 0 ? new Node.Command(position, arguments.ToImmutable()) : throw Fail("empty command");
        }
    }

    private Node? ParseOperand()
    {
        var term = ParseTerm();
        if (term is null || Peek().Kind != TokenKind.Field)
        {
            return term;
        }

        // The whole chain stands where its first further field stands.
        int position = Peek().Position;
        var fields = ImmutableArray.CreateBuilder<string>();
        while (Peek().Kind == TokenKind.Field)
        {
            fields.Add(Next().Text[1..]);
        }

        return term switch
        {
            Node.Field field => new Node.Field(position, [.. field.Fields, .. fields]),
            Node.Variable variable => new Node.Variable(position, variable.Name, fields.ToImmutable()),
            Node.Bool or Node.String or Node.Number or Node.Nil or Node.Dot => throw Fail($"unexpected . after term {GoText.Quote(term.ToString())}"),
            _ => new Node.Chain(position, term, fields.ToImmutable()),
        };
    }

    private Node? ParseTerm()
    {
        var token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Identifier:
                return _functions.Contains(token.Text)
                    ? new Node.Identifier(token.Position, token.Text)
                    : throw Fail($"function {GoText.Quote(token.Text)} not defined");
            case TokenKind.Dot:
                return new Node.Dot(token.Position);
            case TokenKind.Nil:
                return new Node.Nil(token.Position);
            case TokenKind.Variable:
                return _variables.Contains(token.Text)
                    ? new Node.Variable(token.Position, token.Text, [])
                    : throw Fail($"undefined variable {GoText.Quote(token.Text)}");
            case TokenKind.Field:
                return new Node.Field(token.Position, [token.Text[1..]]);
            case TokenKind.Bool:
                return new Node.Bool(token.Position, token.Text == "true");
            case TokenKind.CharConstant or TokenKind.Complex or TokenKind.Number:
                var (literal, error) = NumberLiteral.Parse(token.Text, token.Kind);
                return literal is null ? throw Fail(error) : new Node.Number(token.Position, literal);
            case TokenKind.LeftParenthesis:
                Enter();
                var pipe = ParsePipeline("parenthesized pipeline", TokenKind.RightParenthesis);
                _nesting--;
                return pipe;
            case TokenKind.String or TokenKind.RawString:
                return new Node.String(token.Position, token.Text, GoUnquote.Text(token.Text) ?? throw Fail("invalid syntax"));
            default:
                _next--;
                return null;
        }
    }

    private void Enter()
    {
        if (++_nesting > DeepestNesting)
        {
            throw Fail($"nested deeper than {DeepestNesting} levels");
        }
    }

    private void PopVariables(int count) => _variables.RemoveRange(count, _variables.Count - count);

    private Token Peek()
    {
        // The last token is the end or an error: reading on stays there.
        int at = Math.Min(_next, _tokens.Count - 1);
        _furthest = Math.Max(_furthest, at);
        return _tokens[at];
    }

    private Token Next()
    {
        var token = Peek();
        _next++;
        return token;
    }

    private Token PeekNonSpace()
    {
        while (Peek().Kind == TokenKind.Space)
        {
            _next++;
        }

        return Peek();
    }

    private Token NextNonSpace()
    {
        PeekNonSpace();
        return Next();
    }

    private Token Expect(TokenKind kind, string context)
    {
        var token = NextNonSpace();
        return token.Kind == kind ? token : throw Unexpected(token, context);
    }

    private TemplateException Unexpected(Token token, string context)
    {
        if (token.Kind != TokenKind.Error)
        {
            return Fail($"unexpected {token} in {context}");
        }

        if (_actionLine == 0 || _actionLine == token.Line)
        {
            return Fail(token.Text);
        }

        string started = $" started at {_name}:{_actionLine}";
        return Fail(token.Text.EndsWith(" action", StringComparison.Ordinal) ? token.Text + started : $"{token.Text} in action{started}");
    }

    /// <summary>The line is that of the last token looked at.</summary>
    private TemplateException Fail(string message) => new(GoText.ToUtf16($"template: {_name}:{_tokens[_furthest].Line}: {message}"));
}
