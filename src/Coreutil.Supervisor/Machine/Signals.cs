using System.Collections.Frozen;
using System.Globalization;

namespace Coreutil.Supervisor.Machine;

/// <summary>Linux signal numbers by name, without the SIG.</summary>
public static class Signals
{
    public const int HangUp = 1;
    public const int Interrupt = 2;
    public const int Abort = 6;
    public const int Kill = 9;
    public const int Pipe = 13;
    public const int Terminate = 15;
    public const int Continue = 18;

    /// <summary>As the C library has it, which keeps the first two for itself.</summary>
    private const int FirstRealTime = 34;
    private const int LastRealTime = 64;

    private static readonly string[] _names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    private static readonly FrozenDictionary<string, int> _numbers = _names
        .Select((name, number) => (name, number)).Where(entry => entry.number > 0)
        .ToFrozenDictionary(entry => entry.name, entry => entry.number, StringComparer.Ordinal);

    public static bool IsClean(int signal) => signal is HangUp or Interrupt or Pipe or Terminate;

    public static string NameOf(int signal) =>
        signal > 0 && signal < _names.Length ? _names[signal]
        : signal is > FirstRealTime and <= LastRealTime ? string.Create(CultureInfo.InvariantCulture, $"RTMIN+{signal - FirstRealTime}")
        : signal == FirstRealTime ? "RTMIN"
        : signal.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number, or a name with or without its SIG (<c>RTMIN+3</c> too); null when it is neither.</summary>
    public static int? Parse(string word)
    {
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return number is > 0 and <= LastRealTime ? number : null;
        }

        string name = word.StartsWith("SIG", StringComparison.Ordinal) ? word[3..] : word;
        return name.StartsWith("RTMIN", StringComparison.Ordinal) ? ParseRealTime(FirstRealTime, name["RTMIN".Length..], '+')
            : name.StartsWith("RTMAX", StringComparison.Ordinal) ? ParseRealTime(LastRealTime, name["RTMAX".Length..], '-')
            : _numbers.TryGetValue(name, out int found) ? found : null;
    }

    private static int? ParseRealTime(int from, string offset, char sign) =>
        offset.Length == 0 ? from
        : offset[0] == sign && int.TryParse(offset, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            && from + number is >= FirstRealTime and <= LastRealTime and var signal ? signal
        : null;
}
