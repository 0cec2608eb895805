using System.Globalization;
using System.Text;

namespace Coreutil.Core.CommandLine;

/// <summary>
/// Columns as Go's <c>tabwriter</c> sets them with tab width 8, padding 1 and tabs as filler (fleetctl's lists): a column is as wide as its
/// longest cell plus one, rounded up to a multiple of eight; the last cell of a line is not padded.
/// </summary>
public static class ColumnWriter
{
    private const int TabWidth = 8;

    public static string Format(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        int columns = rows.Count == 0 ? 0 : rows.Max(row => row.Count);
        int[] widths = new int[columns];
        foreach (var row in rows)
        {
            for (int column = 0; column < row.Count - 1; column++)
            {
                int needed = (Length(row[column]) + 1 + TabWidth - 1) / TabWidth * TabWidth;
                widths[column] = Math.Max(widths[column], needed);
            }
        }

        var text = new StringBuilder();
        foreach (var row in rows)
        {
            for (int column = 0; column < row.Count; column++)
            {
                text.Append(row[column]);
                if (column < row.Count - 1)
                {
                    text.Append('\t', (widths[column] - Length(row[column]) + TabWidth - 1) / TabWidth);
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static int Length(string cell) => new StringInfo(cell).LengthInTextElements;
}
