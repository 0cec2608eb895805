namespace Coreutil.Etcd.Server.Http;

/// <summary>Why a text is no JSON, in the words of Go's encoding/json, which etcd passes on to its clients.</summary>
internal ref struct GoJsonSyntax
{
    private const string UnexpectedEnd = "unexpected end of JSON input";
    private readonly ReadOnlySpan<byte> _text;
    private int _at;

    private GoJsonSyntax(ReadOnlySpan<byte> text) => _text = text;

    /// <summary>The first fault; null when the text is one JSON value.</summary>
    public static string? Refuse(ReadOnlySpan<byte> text)
    {
        var scan = new GoJsonSyntax(text);
        return scan.Value(depth: 0) ?? (scan.Peek() < 0 ? null : scan.Bad("after top-level value"));
    }

    private string? Value(int depth)
    {
        // Go's own limit.
        if (depth > 10_000)
        {
            return "exceeded max depth";
        }

        switch (Peek())
        {
            case '{':
                return Members(depth);
            case '[':
                return Elements(depth);
            case '"':
                return Text();
            case 't':
                return Literal("true");
            case 'f':
                return Literal("false");
            case 'n':
                return Literal("null");
            case '-' or (>= '0' and <= '9'):
                return Number();
            default:
                return Bad("looking for beginning of value");
        }
    }

    private string? Members(int depth)
    {
        _at++;
        if (Take('}'))
        {
            return null;
        }

        for (; ; )
        {
            string? failure = Peek() == '"' ? Text() : Bad("looking for beginning of object key string");
            failure ??= Take(':') ? Value(depth + 1) : Bad("after object key");
            if (failure is not null || Take('}'))
            {
                return failure;
            }

            if (!Take(','))
            {
                return Bad("after object key:value pair");
            }
        }
    }

    private string? Elements(int depth)
    {
        _at++;
        if (Take(']'))
        {
            return null;
        }

        for (; ; )
        {
            string? failure = Value(depth + 1);
            if (failure is not null || Take(']'))
            {
                return failure;
            }

            if (!Take(','))
            {
                return Bad("after array element");
            }
        }
    }

    private string? Text()
    {
        for (_at++; _at < _text.Length; _at++)
        {
            switch (_text[_at])
            {
                case (byte)'"':
                    _at++;
                    return null;
                case < 0x20:
                    return Bad("in string literal");
                case (byte)'\\':
                    _at++;
                    if (_at < _text.Length && _text[_at] == 'u')
                    {
                        for (int digit = 0; digit < 4; digit++)
                        {
                            _at++;
                            if (_at >= _text.Length || !char.IsAsciiHexDigit((char)_text[_at]))
                            {
                                return Bad("in \\u hexadecimal character escape");
                            }
                        }
                    }
                    else if (_at >= _text.Length || !"bfnrt\\/\""u8.Contains(_text[_at]))
                    {
                        return Bad("in string escape code");
                    }

                    break;
                default:
                    break;
            }
        }

        return UnexpectedEnd;
    }

    private string? Number()
    {
        if (_text[_at] == '-')
        {
            _at++;
        }

        // No digit may follow a leading zero.
        bool isZero = _at < _text.Length && _text[_at] == '0';
        if (isZero)
        {
            _at++;
        }
        else if (!Digits())
        {
            return Bad("in numeric literal");
        }

        if (_at < _text.Length && _text[_at] == '.')
        {
            _at++;
            if (!Digits())
            {
                return Bad("after decimal point in numeric literal");
            }
        }

        if (_at < _text.Length && _text[_at] is (byte)'e' or (byte)'E')
        {
            _at++;
            if (_at < _text.Length && _text[_at] is (byte)'+' or (byte)'-')
            {
                _at++;
            }

            return Digits() ? null : Bad("in exponent of numeric literal");
        }

        return null;
    }

    private bool Digits()
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit((char)_text[_at]))
        {
            _at++;
        }

        return _at > start;
    }

    private string? Literal(string word)
    {
        for (int i = 0; i < word.Length; i++, _at++)
        {
            if (_at >= _text.Length || _text[_at] != word[i])
            {
                return Bad($"in literal {word} (expecting '{word[i]}')");
            }
        }

        return null;
    }

    /// <summary>The next byte behind white space, -1 at the end.</summary>
    private int Peek()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : -1;
    }

    private bool Take(char expected)
    {
        bool isThere = Peek() == expected;
        _at += isThere ? 1 : 0;
        return isThere;
    }

    private readonly string Bad(string context) => _at >= _text.Length ? UnexpectedEnd : $"invalid character {Quote(_text[_at])} {context}";

    private static string Quote(byte character) => character switch
    {
        (byte)'\'' => "'\\''",
        (byte)'"' => "'\"'",
        (byte)'\\' => "'\\\\'",
        (byte)'\n' => "'\\n'",
        (byte)'\r' => "'\\r'",
        (byte)'\t' => "'\\t'",
        < 0x20 or 0x7f => $"'\\x{character:x2}'",
        _ => $"'{(char)character}'",
    };
}
