using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Functions;

/// <summary>JSON as Go's encoding/json reads it into <c>interface {}</c>: numbers are float64, the last of equal keys wins; its error texts.</summary>
internal sealed class GoJson
{
    /// <summary>Go's own bound is 10000; ours keeps the reader and all that prints the value off the end of the stack.</summary>
    private const int DeepestNesting = 1000;

    private readonly string _text;
    private int _at;
    private int _depth;
    private int _count;

    private GoJson(string text) => _text = text;

    public static GoMap ParseObject(string text) => Parse(text) switch
    {
        null => new GoMap(),
        GoMap map => map,
        var other => throw Mismatch(other, GoTypes.Map),
    };

    public static GoSlice ParseArray(string text) => Parse(text) switch
    {
        null => new GoSlice(GoTypes.InterfaceSlice, []),
        GoSlice slice => slice,
        var other => throw Mismatch(other, GoTypes.InterfaceSlice),
    };

    private static FunctionException Mismatch(object value, string type)
    {
        string kind = value switch { GoMap => "object", GoSlice => "array", string => "string", double => "number", _ => "bool" };
        return new FunctionException($"json: cannot unmarshal {kind} into Go value of type {type}");
    }

    private static object? Parse(string text)
    {
        var reader = new GoJson(text);
        object? value = reader.ReadValue();
        reader.SkipSpace();
        return reader._at < text.Length ? throw reader.Invalid("after top-level value") : value;
    }

    private object? ReadValue()
    {
        SkipSpace();
        switch (Peek())
        {
            case '{':
                return ReadNested(ReadObject);
            case '[':
                return ReadNested(ReadArray);
            case '"':
                return ReadString();
            case '-' or (>= '0' and <= '9'):
                return ReadNumber();
            case 't':
                return ReadLiteral("true", true);
            case 'f':
                return ReadLiteral("false", false);
            case 'n':
                return ReadLiteral("null", null);
            default:
                throw Invalid("looking for beginning of value");
        }
    }

    /// <summary>A value in a list or an object, of which there may be many more than a text of that length is worth.</summary>
    private object? ReadElement()
    {
        Limits.CheckList(++_count, "json");
        return ReadValue();
    }

    private object ReadNested(Func<object> read)
    {
        if (++_depth > DeepestNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new FunctionException("exceeded max depth");
        }

        _at++;
        object value = read();
        _depth--;
        return value;
    }

    private GoMap ReadObject()
    {
        var map = new GoMap();
        SkipSpace();
        if (Take('}'))
        {
            return map;
        }

        while (true)
        {
            SkipSpace();
            if (Peek() != '"')
            {
                throw Invalid("looking for beginning of object key string");
            }

            string key = ReadString();
            SkipSpace();
            if (!Take(':'))
            {
                throw Invalid("after object key");
            }

            map[key] = ReadElement();
            SkipSpace();
            if (Take('}'))
            {
                return map;
            }

            if (!Take(','))
            {
                throw Invalid("after object key:value pair");
            }
        }
    }

    private GoSlice ReadArray()
    {
        var elements = new List<object?>();
        SkipSpace();
        if (!Take(']'))
        {
            do
            {
                elements.Add(ReadElement());
                SkipSpace();
                if (Take(']'))
                {
                    break;
                }
            }
            while (Take(',') ? true : throw Invalid("after array element"));
        }

        return new GoSlice(GoTypes.InterfaceSlice, elements);
    }

    private string ReadString()
    {
        var text = new StringBuilder();
        _at++;
        while (true)
        {
            int c = Peek();
            if (c is GoText.EndOfText or < 0x20)
            {
                throw Invalid("in string literal");
            }

            if (c == '"')
            {
                _at++;
                return Sanitize(text.ToString());
            }

            _at++;
            text.Append(c == '\\' ? ReadEscape() : ((char)c).ToString());
        }
    }

    /// <summary>Bytes that are no UTF-8 become U+FFFD.</summary>
    private static string Sanitize(string text) => string.Concat(GoText.Runes(text).Select(part => GoText.FromRune(part.Rune)));

    private string ReadEscape()
    {
        int c = Peek();
        if (c == 'u')
        {
            _at++;
            int unit = ReadHexadecimal();
            if (char.IsHighSurrogate((char)unit) && _at + 1 < _text.Length && _text[_at] == '\\' && _text[_at + 1] == 'u')
            {
                int before = _at;
                _at += 2;
                int low = ReadHexadecimal();
                if (char.IsLowSurrogate((char)low))
                {
                    return GoText.FromCodePoint(char.ConvertToUtf32((char)unit, (char)low));
                }

                _at = before;
            }

            return GoText.FromCodePoint(unit);
        }

        string escaped = c switch
        {
            '"' or '\\' or '/' => ((char)c).ToString(),
            'b' => "\b",
            'f' => "\f",
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            _ => throw Invalid("in string escape code"),
        };
        _at++;
        return escaped;
    }

    private int ReadHexadecimal()
    {
        int unit = 0;
        for (int i = 0; i < 4; i++, _at++)
        {
            if (Peek() is GoText.EndOfText || !char.IsAsciiHexDigit(_text[_at]))
            {
                throw Invalid("in \\u hexadecimal character escape");
            }

            unit = (unit * 16) + Convert.ToInt32(_text[_at].ToString(), 16);
        }

        return unit;
    }

    private double ReadNumber()
    {
        int start = _at;
        Take('-');
        if (!Take('0') && !SkipDigits())
        {
            throw Invalid("in numeric literal");
        }

        if (Take('.') && !SkipDigits())
        {
            throw Invalid("after decimal point in numeric literal");
        }

        if (Take('e') || Take('E'))
        {
            _ = Take('+') || Take('-');
            if (!SkipDigits())
            {
                throw Invalid("in exponent of numeric literal");
            }
        }

        string digits = _text[start.._at];
        double number = double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(number) ? number : throw new FunctionException($"json: cannot unmarshal number {digits} into Go value of type float64");
    }

    private object? ReadLiteral(string word, object? value)
    {
        foreach (char expected in word)
        {
            if (!Take(expected))
            {
                throw Invalid($"in literal {word} (expecting '{expected}')");
            }
        }

        return value;
    }

    private bool SkipDigits()
    {
        int start = _at;
        while (Peek() is >= '0' and <= '9')
        {
            _at++;
        }

        return _at > start;
    }

    private void SkipSpace()
    {
        while (Peek() is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }
    }

    private bool Take(char wanted)
    {
        if (Peek() != wanted)
        {
            return false;
        }

        _at++;
        return true;
    }

    private int Peek() => _at < _text.Length ? _text[_at] : GoText.EndOfText;

    private FunctionException Invalid(string context) => new(Peek() switch
    {
        GoText.EndOfText => "unexpected end of JSON input",
        '\'' => $"invalid character '\\'' {context}",
        '"' => $"invalid character '\"' {context}",
        // Go quotes the byte as if it were a character.
        int c => $"invalid character '{GoText.Quote(GoText.FromCodePoint(c))[1..^1]}' {context}",
    });
}
