using System.Globalization;
using System.Text;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>An argument of systemctl as the name of a unit (systemd's name mangling).</summary>
public static class UnitArgument
{
    private const string Valid = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";

    /// <summary>A pattern stays one; a path is the unit of that path; a name without a type is a service.</summary>
    public static (string Name, bool IsEscaped) Complete(string argument)
    {
        if (argument.AsSpan().IndexOfAnyExcept(Valid) < 0)
        {
            return (UnitName.HasType(argument) ? argument : $"{argument}.service", false);
        }

        if (argument.StartsWith('/'))
        {
            string path = UnitPathName.Escape(argument);
            return (argument.StartsWith("/dev/", StringComparison.Ordinal) || argument.StartsWith("/sys/", StringComparison.Ordinal) ? $"{path}.device" : $"{path}.mount", false);
        }

        if (UnitPatterns.IsPattern(argument) && argument.AsSpan().IndexOfAnyExcept($"{Valid}[]!^*?") < 0)
        {
            return (argument, false);
        }

        string escaped = Escape(argument);
        return (UnitName.HasType(escaped) ? escaped : $"{escaped}.service", true);
    }

    public static string Escape(string argument)
    {
        var text = new StringBuilder();
        foreach (byte letter in Encoding.UTF8.GetBytes(argument))
        {
            _ = letter == '/' ? text.Append('-')
                : Valid.Contains((char)letter, StringComparison.Ordinal) ? text.Append((char)letter)
                : text.Append(CultureInfo.InvariantCulture, $"\\x{letter:x2}");
        }

        return text.ToString();
    }
}
