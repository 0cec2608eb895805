using System.Text;

namespace Coreutil.Confd.Templates;

/// <summary>
/// Cuts a template into tokens (confd.md §7.1). The first fault becomes an error token and ends the stream: the parser reports it only
/// when it gets there, so an earlier fault of grammar wins.
/// </summary>
internal sealed class Lexer
{
    private const int TrimMarkerLength = 2;

    private readonly string _input;
    private readonly Delimiters _delimiters;
    private readonly List<Token> _tokens = [];
    private int _start;
    private int _position;
    private int _line = 1;
    private int _countedTo;
    private int _parenthesisDepth;

    private Lexer(string input, Delimiters delimiters)
    {
        _input = input;
        _delimiters = delimiters;
    }

    private enum Step
    {
        Text,
        Action,
        Done,
    }

    public static IReadOnlyList<Token> Tokenize(string input, Delimiters delimiters)
    {
        var lexer = new Lexer(input, delimiters);
        for (var step = Step.Text; step != Step.Done;)
        {
            step = step == Step.Text ? lexer.LexText() : lexer.LexInsideAction();
        }

        return lexer._tokens;
    }

    /// <summary>Only these four count as space, inside actions and for the trim markers.</summary>
    public static bool IsSpace(int c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsAlphanumeric(Rune rune) => rune.Value == '_' || Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.DecimalDigitNumber;

    private Step LexText()
    {
        int found = _input.IndexOf(_delimiters.Left, _position, StringComparison.Ordinal);
        if (found < 0)
        {
            _position = _input.Length;
            EmitText();
            Emit(TokenKind.EndOfFile);
            return Step.Done;
        }

        bool trims = IsLeftTrimMarker(found + _delimiters.Left.Length);
        _position = found;
        while (trims && _position > _start && IsSpace(_input[_position - 1]))
        {
            _position--;
        }

        EmitText();
        _start = found;
        _position = found + _delimiters.Left.Length;
        int inside = _position + (trims ? TrimMarkerLength : 0);
        if (Starts("/*", inside))
        {
            _start = _position = inside;
            return LexComment();
        }

        Emit(TokenKind.LeftDelimiter);
        _start = _position = inside;
        _parenthesisDepth = 0;
        return Step.Action;
    }

    private Step LexComment()
    {
        int end = _input.IndexOf("*/", _position + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            return Fail("unclosed comment");
        }

        _position = end + 2;
        if (!IsAtRightDelimiter(out bool trims))
        {
            return Fail("comment ends before closing delimiter");
        }

        _position += _delimiters.Right.Length + (trims ? TrimMarkerLength : 0);
        SkipSpacesIf(trims);
        _start = _position;
        return Step.Text;
    }

    private Step LexInsideAction()
    {
        if (IsAtRightDelimiter(out bool trims))
        {
            return _parenthesisDepth == 0 ? LexRightDelimiter(trims) : Fail("unclosed left paren");
        }

        if (_position >= _input.Length)
        {
            return Fail("unclosed action");
        }

        char next = _input[_position];
        switch (next)
        {
            case ' ' or '\t' or '\r' or '\n':
                return LexSpace();
            case '=':
                return EmitOne(TokenKind.Assign);
            case ':':
                _position += 2;
                return Peek(-1) == '=' ? EmitAndStay(TokenKind.Declare) : Fail("expected :=");
            case '|':
                return EmitOne(TokenKind.Pipe);
            case '"':
                return LexQuoted('"', TokenKind.String, "unterminated quoted string");
            case '\'':
                return LexQuoted('\'', TokenKind.CharConstant, "unterminated character constant");
            case '`':
                return LexRawQuoted();
            case '$':
                return LexName(TokenKind.Variable, TokenKind.Variable);
            case '.' when Peek(1) is < '0' or > '9' && _position + 1 < _input.Length:
                return LexName(TokenKind.Field, TokenKind.Dot);
            case '.' or '+' or '-' or (>= '0' and <= '9'):
                return LexNumber();
            case '(':
                _parenthesisDepth++;
                return EmitOne(TokenKind.LeftParenthesis);
            case ')':
                // The token goes out before the complaint: the parser usually stumbles over it first.
                EmitOne(TokenKind.RightParenthesis);
                return --_parenthesisDepth < 0 ? Fail("unexpected right paren U+0029 ')'") : Step.Action;
            default:
                var rune = GoText.RuneAt(_input, _position, out int width);
                if (IsAlphanumeric(rune))
                {
                    return LexIdentifier();
                }

                _position += width;
                return rune.IsAscii && GoText.IsPrintable(rune)
                    ? EmitAndStay(TokenKind.Char)
                    : Fail($"unrecognized character in action: {GoText.Describe(rune)}");
        }
    }

    private Step LexRightDelimiter(bool trims)
    {
        if (trims)
        {
            _position += TrimMarkerLength;
            _start = _position;
        }

        _position += _delimiters.Right.Length;
        Emit(TokenKind.RightDelimiter);
        SkipSpacesIf(trims);
        _start = _position;
        return Step.Text;
    }

    private Step LexSpace()
    {
        while (IsSpace(Peek(0)))
        {
            _position++;
        }

        // The last space may belong to a closing " -}}".
        if (Peek(0) == '-' && Starts(_delimiters.Right, _position + 1))
        {
            _position--;
            if (_position == _start)
            {
                return LexRightDelimiter(trims: true);
            }
        }

        return EmitAndStay(TokenKind.Space);
    }

    private Step LexQuoted(char quote, TokenKind kind, string unterminated)
    {
        for (_position++; ; _position++)
        {
            if (Peek(0) == '\\')
            {
                _position++;
            }
            else if (Peek(0) == quote)
            {
                return EmitOne(kind);
            }

            if (Peek(0) is GoText.EndOfText or '\n')
            {
                return Fail(unterminated);
            }
        }
    }

    private Step LexRawQuoted()
    {
        int end = _input.IndexOf('`', _position + 1);
        if (end < 0)
        {
            return Fail("unterminated raw quoted string");
        }

        _position = end;
        return EmitOne(TokenKind.RawString);
    }

    private Step LexName(TokenKind named, TokenKind alone)
    {
        _position++;
        if (IsAtTerminator())
        {
            return EmitAndStay(alone);
        }

        return SkipAlphanumeric() is { } bad ? Fail($"bad character {GoText.Describe(bad)}") : EmitAndStay(named);
    }

    private Step LexIdentifier()
    {
        if (SkipAlphanumeric() is { } bad)
        {
            return Fail($"bad character {GoText.Describe(bad)}");
        }

        return EmitAndStay(_input[_start.._position] switch
        {
            "block" => TokenKind.Block,
            "break" => TokenKind.Break,
            "continue" => TokenKind.Continue,
            "define" => TokenKind.Define,
            "else" => TokenKind.Else,
            "end" => TokenKind.End,
            "if" => TokenKind.If,
            "nil" => TokenKind.Nil,
            "range" => TokenKind.Range,
            "template" => TokenKind.Template,
            "with" => TokenKind.With,
            "true" or "false" => TokenKind.Bool,
            _ => TokenKind.Identifier,
        });
    }

    /// <summary>Passes the name's runes; the rune that may not follow a name, or null.</summary>
    private Rune? SkipAlphanumeric()
    {
        while (_position < _input.Length)
        {
            var rune = GoText.RuneAt(_input, _position, out int width);
            if (!IsAlphanumeric(rune))
            {
                return IsAtTerminator() ? null : rune;
            }

            _position += width;
        }

        return null;
    }

    private Step LexNumber()
    {
        bool isGood = ScanNumber();
        var kind = TokenKind.Number;
        if (isGood && Peek(0) is '+' or '-')
        {
            // A complex constant: 1+2i, without spaces, ending in i.
            kind = TokenKind.Complex;
            isGood = ScanNumber() && _input[_position - 1] == 'i';
        }

        return isGood ? EmitAndStay(kind) : Fail($"bad number syntax: {GoText.Quote(_input[_start.._position])}");
    }

    private bool ScanNumber()
    {
        const string Decimal = "0123456789_";
        const string Hexadecimal = "0123456789abcdefABCDEF_";
        Accept("+-");
        string digits = Decimal;
        if (Accept("0"))
        {
            digits = Accept("xX") ? Hexadecimal : Accept("oO") ? "01234567_" : Accept("bB") ? "01_" : Decimal;
        }

        AcceptRun(digits);
        if (Accept("."))
        {
            AcceptRun(digits);
        }

        if ((digits == Decimal && Accept("eE")) || (digits == Hexadecimal && Accept("pP")))
        {
            Accept("+-");
            AcceptRun(Decimal);
        }

        Accept("i");
        if (_position < _input.Length && IsAlphanumeric(GoText.RuneAt(_input, _position, out int width)))
        {
            _position += width;
            return false;
        }

        return true;
    }

    private bool Accept(string any)
    {
        if (_position >= _input.Length || !any.Contains(_input[_position], StringComparison.Ordinal))
        {
            return false;
        }

        _position++;
        return true;
    }

    private void AcceptRun(string any)
    {
        while (Accept(any))
        {
        }
    }

    private bool IsAtTerminator() => Peek(0) is GoText.EndOfText or ' ' or '\t' or '\r' or '\n' or '.' or ',' or '|' or ':' or ')' or '('
        || Starts(_delimiters.Right, _position);

    private bool IsAtRightDelimiter(out bool trims)
    {
        trims = IsSpace(Peek(0)) && Peek(1) == '-' && Starts(_delimiters.Right, _position + TrimMarkerLength);
        return trims || Starts(_delimiters.Right, _position);
    }

    private bool IsLeftTrimMarker(int at) => at + 1 < _input.Length && _input[at] == '-' && IsSpace(_input[at + 1]);

    private void SkipSpacesIf(bool trims)
    {
        while (trims && IsSpace(Peek(0)))
        {
            _position++;
        }
    }

    private int Peek(int ahead) => _position + ahead < _input.Length ? _input[_position + ahead] : GoText.EndOfText;

    private bool Starts(string text, int at) => at <= _input.Length && _input.AsSpan(at).StartsWith(text, StringComparison.Ordinal);

    private void EmitText()
    {
        if (_position > _start)
        {
            Emit(TokenKind.Text);
        }
    }

    private Step EmitOne(TokenKind kind)
    {
        _position++;
        return EmitAndStay(kind);
    }

    private Step EmitAndStay(TokenKind kind)
    {
        Emit(kind);
        return Step.Action;
    }

    private void Emit(TokenKind kind)
    {
        _tokens.Add(new Token(kind, _start, _input[_start.._position], LineOf(_start)));
        _start = _position;
    }

    private Step Fail(string message)
    {
        _tokens.Add(new Token(TokenKind.Error, _start, message, LineOf(_start)));
        return Step.Done;
    }

    /// <summary>Tokens come in order, so each newline is counted once.</summary>
    private int LineOf(int position)
    {
        _line += _input.AsSpan(_countedTo, position - _countedTo).Count('\n');
        _countedTo = position;
        return _line;
    }
}
