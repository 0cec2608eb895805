using System.Globalization;
using System.Text;

namespace Coreutil.Supervisor.Units;

/// <summary>Unit names made of paths (systemd-escape -p): a slash is a dash, everything unusual is <c>\xNN</c>.</summary>
public static class UnitPathName
{
    /// <summary>The mount units that a path may lie on: /a/b on those of /a and /a/b. The root is always there.</summary>
    public static IEnumerable<string> MountsOnTheWayTo(string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(1, parts.Length).Select(count => $"{Escape(string.Join('/', parts.Take(count)))}.mount");
    }

    public static string Escape(string path)
    {
        string trimmed = string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        if (trimmed.Length == 0)
        {
            return "-";
        }

        var name = new StringBuilder();
        foreach (byte next in Encoding.UTF8.GetBytes(trimmed))
        {
            char character = (char)next;
            if (character == '/')
            {
                name.Append('-');
            }
            else if (char.IsAsciiLetterOrDigit(character) || character is ':' or '_' || (character == '.' && name.Length > 0))
            {
                name.Append(character);
            }
            else
            {
                name.Append(CultureInfo.InvariantCulture, $"\\x{next:x2}");
            }
        }

        return name.ToString();
    }
}
