using System.Collections.Immutable;
using System.Text;

namespace Coreutil.Units.Files;

/// <summary>
/// Reads unit files as systemd does, which is more lenient than fleet's parser: a line that is nothing is passed over with a remark, comments may stand
/// between continued lines, and a backslash at a line's end joins it with the next one by a blank.
/// </summary>
public static class UnitFileReader
{
    /// <summary>An option and where its line begins, counted from one.</summary>
    public readonly record struct PlacedOption(UnitOption Option, int Line, int Column);

    /// <summary>What stands in a file, and a remark for each line that counts for nothing.</summary>
    public sealed record Content(ImmutableArray<PlacedOption> Options, ImmutableArray<ParseFailure> Remarks)
    {
        public UnitFile File => new([.. Options.Select(placed => placed.Option)]);
    }

    public static Content Read(string text)
    {
        var options = ImmutableArray.CreateBuilder<PlacedOption>();
        var remarks = ImmutableArray.CreateBuilder<ParseFailure>();
        string? section = null;
        foreach (var (line, number) in JoinLines(text))
        {
            string content = line.Trim();
            int column = line.Length - line.TrimStart().Length + 1;
            if (content.Length == 0)
            {
                continue;
            }

            if (content[0] == '[')
            {
                section = content[^1] == ']' ? content[1..^1] : null;
                if (section is null)
                {
                    remarks.Add(new(number, column, $"invalid section header '{content}': systemd refuses the file (load state error), unitd ignores all up to the next section"));
                }

                continue;
            }

            int equals = content.IndexOf('=', StringComparison.Ordinal);
            if (section is null || equals < 0)
            {
                remarks.Add(new(number, column, section is null ? "assignment outside of a section, ignored" : "missing '=', the line is ignored"));
                continue;
            }

            options.Add(new(new(section, content[..equals].TrimEnd(), content[(equals + 1)..].TrimStart()), number, column));
        }

        return new(options.ToImmutable(), remarks.ToImmutable());
    }

    /// <summary>Logical lines with the number of their first line; comments are gone.</summary>
    private static IEnumerable<(string Line, int Number)> JoinLines(string text)
    {
        var joined = new StringBuilder();
        int number = 0;
        int start = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            if (line.AsSpan().TrimStart() is ['#' or ';', ..])
            {
                continue;
            }

            start = joined.Length == 0 ? number : start;
            bool isContinued = EndsInBackslash(line);
            joined.Append(isContinued ? line.AsSpan(0, line.Length - 1) : line);
            if (isContinued)
            {
                joined.Append(' ');
                continue;
            }

            yield return (joined.ToString(), start);
            joined.Clear();
        }

        if (joined.Length > 0)
        {
            yield return (joined.ToString(), start);
        }
    }

    /// <summary>An escaped backslash at the end is none.</summary>
    private static bool EndsInBackslash(string line) => (line.Length - line.AsSpan().TrimEnd('\\').Length) % 2 == 1;
}
