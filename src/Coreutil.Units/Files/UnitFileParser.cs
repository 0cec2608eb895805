using System.Collections.Immutable;
using System.Text;

namespace Coreutil.Units.Files;

/// <summary>
/// Reads unit files as the original's library does (reference: fleet §h): the hash of a unit depends on every oddity here, such as kept continuation
/// lines and comments that continue on the next line.
/// </summary>
public static class UnitFileParser
{
    /// <summary>Bytes of a line, its newline included, that the original still reads.</summary>
    public const int LongestLine = 2048;

    public static UnitFileResult Parse(string text)
    {
        var parser = new Parser(text);
        return parser.Parse() is { } failure
            ? new UnitFileResult.Refused(failure)
            : new UnitFileResult.Parsed(new UnitFile(parser.Options.ToImmutable()));
    }

    private sealed class Parser(string text)
    {
        private int _position;

        public ImmutableArray<UnitOption>.Builder Options { get; } = ImmutableArray.CreateBuilder<UnitOption>();

        private bool IsAtEnd => _position >= text.Length;

        public ParseFailure? Parse()
        {
            if (SkipToSection() is { } early)
            {
                return early;
            }

            while (!IsAtEnd)
            {
                if (ReadSectionHeader(out string section) is { } failure)
                {
                    return failure;
                }

                failure = ReadOptions(section);
                if (failure is not null)
                {
                    return failure;
                }
            }

            return null;
        }

        /// <summary>Before the first section anything is skipped, character by character.</summary>
        private ParseFailure? SkipToSection()
        {
            while (!IsAtEnd && text[_position] != '[')
            {
                if (text[_position] is '#' or ';')
                {
                    if (SkipComment() is { } failure)
                    {
                        return failure;
                    }
                }
                else
                {
                    _position++;
                }
            }

            return null;
        }

        private ParseFailure? ReadSectionHeader(out string section)
        {
            section = "";
            int start = ++_position;
            int end = text.IndexOf(']', start);
            if (end < 0)
            {
                _position = text.Length;
                return FailAt(start, "unable to find end of section");
            }

            section = text[start..end];
            _position = end + 1;
            int restStart = _position;
            if (ReadLine(out string rest) is { } failure)
            {
                return failure;
            }

            string garbage = rest.Trim();
            return garbage.Length == 0
                ? null
                : FailAt(restStart, $"found garbage after section name : [{string.Join(' ', Encoding.UTF8.GetBytes(garbage))}]");
        }

        private ParseFailure? ReadOptions(string section)
        {
            for (; ; )
            {
                while (!IsAtEnd && char.IsWhiteSpace(text[_position]))
                {
                    _position++;
                }

                if (IsAtEnd || text[_position] == '[')
                {
                    return null;
                }

                var failure = text[_position] is '#' or ';' ? SkipComment() : ReadOption(section);
                if (failure is not null)
                {
                    return failure;
                }
            }
        }

        /// <summary>A comment line that ends in a backslash goes on, like a value.</summary>
        private ParseFailure? SkipComment()
        {
            string line;
            do
            {
                if (ReadLine(out line) is { } failure)
                {
                    return failure;
                }
            }
            while (!IsAtEnd && line.TrimEnd().EndsWith('\\'));
            return null;
        }

        private ParseFailure? ReadOption(string section)
        {
            int start = _position;
            int stop = text.AsSpan(start).IndexOfAny('=', '\n');
            if (stop < 0)
            {
                _position = text.Length;
                return FailAt(start, "EOF");
            }

            if (text[start + stop] == '\n')
            {
                return FailAt(start, "unexpected newline encountered while parsing option name");
            }

            string name = text[start..(start + stop)].Trim();
            _position = start + stop + 1;
            if (ReadValue(out string value) is { } failure)
            {
                return failure;
            }

            Options.Add(new(section, name, value));
            return null;
        }

        /// <summary>A backslash at the very end of a line keeps itself, the newline and the next line in the value; a blank line ends it.</summary>
        private ParseFailure? ReadValue(out string value)
        {
            var gathered = new StringBuilder();
            value = "";
            for (; ; )
            {
                if (ReadLine(out string line) is { } failure)
                {
                    return failure;
                }

                bool endsWithNewline = line.EndsWith('\n');
                string content = endsWithNewline ? line[..^1] : line;
                bool isContinuation = gathered.Length > 0;
                if (isContinuation && content.Trim().Length == 0)
                {
                    // The newline before the blank line stays: it is part of the value that the hash covers.
                    value = gathered.ToString().TrimStart();
                    return null;
                }

                gathered.Append(content);
                if (!content.EndsWith('\\') || !endsWithNewline)
                {
                    value = gathered.ToString().Trim();
                    return null;
                }

                gathered.Append('\n');
            }
        }

        /// <summary>The rest of the line with its newline.</summary>
        private ParseFailure? ReadLine(out string line)
        {
            int start = _position;
            int newline = text.IndexOf('\n', start);
            _position = newline < 0 ? text.Length : newline + 1;
            line = text[start.._position];
            int lineStart = start == 0 ? 0 : text.LastIndexOf('\n', start - 1) + 1;
            int length = Encoding.UTF8.GetByteCount(text.AsSpan(lineStart, _position - lineStart)) + (newline < 0 ? 1 : 0);
            return length > LongestLine ? FailAt(start, $"line too long (max {LongestLine} bytes)") : null;
        }

        private ParseFailure FailAt(int position, string what)
        {
            var before = text.AsSpan(0, Math.Min(position, text.Length));
            int lineStart = before.LastIndexOf('\n') + 1;
            return new(before.Count('\n') + 1, before.Length - lineStart + 1, what);
        }
    }
}
