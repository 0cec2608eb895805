using System.Globalization;
using System.Text;

namespace Coreutil.Applets.Unitctl;

/// <summary>Columns as systemctl sets them: as wide as their widest cell, a blank between them, the last one as it is.</summary>
internal static class SystemctlTable
{
    public static string Format(IEnumerable<IReadOnlyList<string>> rows)
    {
        var all = rows.ToArray();
        int columns = all.Length == 0 ? 0 : all[0].Count;
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => all.Max(row => Width(row[column])))];
        var text = new StringBuilder();
        foreach (var row in all)
        {
            for (int column = 0; column < columns; column++)
            {
                text.Append(row[column]);
                if (column < columns - 1)
                {
                    text.Append(' ', widths[column] - Width(row[column]) + 1);
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static int Width(string cell) => new StringInfo(cell).LengthInTextElements;
}
