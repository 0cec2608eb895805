using System.Text;

namespace Coreutil.Confd.Templates;

internal enum TokenKind
{
    Error,
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Declare,
    Assign,
    Pipe,
    LeftParenthesis,
    RightParenthesis,
    Char,
    String,
    RawString,
    CharConstant,
    Number,
    Complex,
    Bool,
    Identifier,
    Field,
    Variable,
    EndOfFile,

    // Keywords from here: they are shown in angle brackets.
    Dot,
    Nil,
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

internal readonly record struct Token(TokenKind Kind, int Position, string Text, int Line)
{
    /// <summary>How an error names it: long texts are cut after ten runes.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.EndOfFile => "EOF",
        TokenKind.Error => Text,
        >= TokenKind.Dot => $"<{Text}>",
        _ when Text.Length > 10 => GoText.Quote(FirstRunes(Text, 10)) + "...",
        _ => GoText.Quote(Text),
    };

    private static string FirstRunes(string text, int count)
    {
        var first = new StringBuilder();
        foreach (var (_, bytes) in GoText.Runes(text).Take(count))
        {
            first.Append(bytes);
        }

        return first.ToString();
    }
}
