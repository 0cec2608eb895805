using System.Collections.Immutable;

namespace Coreutil.Confd.Templates;

/// <summary>A part of a parsed template. <see cref="Position"/> is the byte offset errors point at; ToString is how errors show it.</summary>
internal abstract record Node(int Position)
{
    public sealed record Text(int Position, string Value) : Node(Position)
    {
        public override string ToString() => Value;
    }

    public sealed record Action(int Position, Pipeline Pipe) : Node(Position)
    {
        public override string ToString() => $"{{{{{Pipe}}}}}";
    }

    /// <summary><c>if</c> and <c>with</c>: the latter moves dot.</summary>
    public sealed record Branch(int Position, bool MovesDot, Pipeline Pipe, ImmutableArray<Node> Body, ImmutableArray<Node> Otherwise) : Node(Position);

    public sealed record Range(int Position, Pipeline Pipe, ImmutableArray<Node> Body, ImmutableArray<Node> Otherwise) : Node(Position);

    public sealed record Call(int Position, string Name, Pipeline? Pipe) : Node(Position)
    {
        public override string ToString() => Pipe is null ? $"{{{{template {GoText.Quote(Name)}}}}}" : $"{{{{template {GoText.Quote(Name)} {Pipe}}}}}";
    }

    public sealed record Break(int Position) : Node(Position);

    public sealed record Continue(int Position) : Node(Position);

    /// <summary>Only while parsing: the token that closes a list.</summary>
    public sealed record End(int Position) : Node(Position)
    {
        public override string ToString() => "{{end}}";
    }

    /// <summary>Only while parsing, as <see cref="End"/>.</summary>
    public sealed record Else(int Position) : Node(Position)
    {
        public override string ToString() => "{{else}}";
    }

    public sealed record Pipeline(int Position, ImmutableArray<string> Variables, bool IsAssignment, ImmutableArray<Command> Commands) : Node(Position)
    {
        public override string ToString() =>
            (Variables.IsEmpty ? "" : string.Join(", ", Variables) + " := ") + string.Join(" | ", Commands);
    }

    public sealed record Command(int Position, ImmutableArray<Node> Arguments) : Node(Position)
    {
        public override string ToString() => string.Join(' ', Arguments.Select(argument => argument is Pipeline ? $"({argument})" : argument.ToString()));
    }

    public sealed record Identifier(int Position, string Name) : Node(Position)
    {
        public override string ToString() => Name;
    }

    public sealed record Variable(int Position, string Name, ImmutableArray<string> Fields) : Node(Position)
    {
        public override string ToString() => string.Concat([Name, .. Fields.Select(field => "." + field)]);
    }

    public sealed record Field(int Position, ImmutableArray<string> Fields) : Node(Position)
    {
        public override string ToString() => string.Concat(Fields.Select(field => "." + field));
    }

    /// <summary>Fields of something that is neither a field nor a variable: <c>(get "/key").Value</c>.</summary>
    public sealed record Chain(int Position, Node Inner, ImmutableArray<string> Fields) : Node(Position)
    {
        public override string ToString() => (Inner is Pipeline ? $"({Inner})" : Inner.ToString()) + string.Concat(Fields.Select(field => "." + field));
    }

    public sealed record Dot(int Position) : Node(Position)
    {
        public override string ToString() => ".";
    }

    public sealed record Nil(int Position) : Node(Position)
    {
        public override string ToString() => "nil";
    }

    public sealed record Bool(int Position, bool Value) : Node(Position)
    {
        public override string ToString() => Value ? "true" : "false";
    }

    public sealed record Number(int Position, NumberLiteral Literal) : Node(Position)
    {
        public override string ToString() => Literal.Text;
    }

    public sealed record String(int Position, string Quoted, string Value) : Node(Position)
    {
        public override string ToString() => Quoted;
    }
}
