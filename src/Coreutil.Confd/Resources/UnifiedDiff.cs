using System.Globalization;
using System.Text;

namespace Coreutil.Confd.Resources;

/// <summary>What <c>diff -u</c> shows between two texts: pure, by the greedy algorithm of Myers.</summary>
internal static class UnifiedDiff
{
    private const int ContextLines = 3;

    /// <summary>Texts that differ in more lines share nothing worth showing, and the search would cost more than it tells.</summary>
    private const int MostSteps = 500;

    private enum Edit
    {
        Same,
        Remove,
        Add,
    }

    /// <summary>Empty where the texts are equal.</summary>
    public static string Create(string oldName, string oldText, string newName, string newText)
    {
        string[] before = Lines(oldText);
        string[] after = Lines(newText);
        var edits = Edits(before, after);
        if (edits.TrueForAll(edit => edit.Kind == Edit.Same))
        {
            return "";
        }

        var text = new StringBuilder().Append("--- ").Append(oldName).Append("\n+++ ").Append(newName).Append('\n');
        foreach (var (from, to) in Hunks(edits))
        {
            AppendHunk(text, edits, from, to);
        }

        return text.ToString();
    }

    /// <summary>Each line with its end, so that a last line without one differs from one with it.</summary>
    private static string[] Lines(string text)
    {
        var lines = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            int end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[at..end]);
            at = end;
        }

        return [.. lines];
    }

    /// <summary>The shortest script: after d steps each diagonal remembers how far it reaches; then the way back is read off.</summary>
    private static List<(Edit Kind, string Line)> Edits(string[] before, string[] after)
    {
        int most = before.Length + after.Length;
        int[] reach = new int[(2 * most) + 2];
        var history = new List<int[]>();
        for (int d = 0; d <= Math.Min(most, MostSteps); d++)
        {
            history.Add((int[])reach.Clone());
            for (int k = -d; k <= d; k += 2)
            {
                bool isDown = k == -d || (k != d && reach[most + k - 1] < reach[most + k + 1]);
                int x = isDown ? reach[most + k + 1] : reach[most + k - 1] + 1;
                while (x < before.Length && x - k < after.Length && before[x] == after[x - k])
                {
                    x++;
                }

                reach[most + k] = x;
                if (x >= before.Length && x - k >= after.Length)
                {
                    return WayBack(before, after, history, most);
                }
            }
        }

        return [.. before.Select(line => (Edit.Remove, line)), .. after.Select(line => (Edit.Add, line))];
    }

    private static List<(Edit Kind, string Line)> WayBack(string[] before, string[] after, List<int[]> history, int most)
    {
        var edits = new List<(Edit, string)>();
        int x = before.Length;
        int y = after.Length;
        for (int d = history.Count - 1; d >= 0; d--)
        {
            int[] reach = history[d];
            int k = x - y;
            bool isDown = k == -d || (k != d && reach[most + k - 1] < reach[most + k + 1]);
            int fromX = d == 0 ? 0 : isDown ? reach[most + k + 1] : reach[most + k - 1];
            int fromY = d == 0 ? 0 : fromX - (isDown ? k + 1 : k - 1);
            while (x > fromX && y > fromY)
            {
                edits.Add((Edit.Same, before[--x]));
                y--;
            }

            if (d > 0)
            {
                edits.Add(isDown ? (Edit.Add, after[--y]) : (Edit.Remove, before[--x]));
            }
        }

        edits.Reverse();
        return edits;
    }

    /// <summary>Ranges of edits with their context; those that touch are one.</summary>
    private static List<(int From, int To)> Hunks(List<(Edit Kind, string Line)> edits)
    {
        var hunks = new List<(int From, int To)>();
        for (int i = 0; i < edits.Count; i++)
        {
            if (edits[i].Kind == Edit.Same)
            {
                continue;
            }

            int from = Math.Max(0, i - ContextLines);
            int to = Math.Min(edits.Count, i + 1 + ContextLines);
            if (hunks.Count > 0 && from <= hunks[^1].To)
            {
                hunks[^1] = (hunks[^1].From, to);
            }
            else
            {
                hunks.Add((from, to));
            }
        }

        return hunks;
    }

    private static void AppendHunk(StringBuilder text, List<(Edit Kind, string Line)> edits, int from, int to)
    {
        var hunk = edits[from..to];
        int oldStart = edits[..from].Count(edit => edit.Kind != Edit.Add);
        int newStart = edits[..from].Count(edit => edit.Kind != Edit.Remove);
        text.Append("@@ -").Append(Range(oldStart, hunk.Count(edit => edit.Kind != Edit.Add)))
            .Append(" +").Append(Range(newStart, hunk.Count(edit => edit.Kind != Edit.Remove))).Append(" @@\n");
        foreach (var (kind, line) in hunk)
        {
            text.Append(kind switch { Edit.Same => ' ', Edit.Remove => '-', _ => '+' }).Append(line);
            if (!line.EndsWith('\n'))
            {
                text.Append("\n\\ No newline at end of file\n");
            }
        }
    }

    /// <summary>An empty range stands after its line, any other on its first.</summary>
    private static string Range(int start, int count) => count == 1
        ? (start + 1).ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{(count == 0 ? start : start + 1)},{count}");
}
