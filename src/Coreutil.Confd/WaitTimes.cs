using Coreutil.Core.CommandLine;

namespace Coreutil.Confd;

/// <summary>
/// How changes are gathered into one run: after a change the run waits until nothing has changed for <see cref="Quiet"/>, but no longer than
/// <see cref="Longest"/> after the first of them.
/// </summary>
public sealed record WaitTimes(TimeSpan Quiet, TimeSpan Longest)
{
    /// <summary>As consul-template has it: a longest time that is not given is four times the shortest.</summary>
    private const int UsualFactor = 4;

    /// <summary>Reads <c>min:max</c> or <c>min</c>, both in Go's form: <c>200ms:2s</c>.</summary>
    public static WaitTimes Parse(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length > 2 || !GoDuration.TryParse(parts[0], out var quiet) || quiet < TimeSpan.Zero)
        {
            throw Refused(text);
        }

        var longest = quiet * UsualFactor;
        if (parts.Length == 2 && (!GoDuration.TryParse(parts[1], out longest) || longest < quiet))
        {
            throw Refused(text);
        }

        return new WaitTimes(quiet, longest);
    }

    /// <summary>The more patient of two, where several resources share a run.</summary>
    public static WaitTimes? Longer(WaitTimes? one, WaitTimes? other) => (one, other) switch
    {
        (null, _) => other,
        (_, null) => one,
        _ => new WaitTimes(Max(one.Quiet, other.Quiet), Max(one.Longest, other.Longest)),
    };

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static ConfdException Refused(string text) => new($"wait \"{text}\" is not of the form min:max, such as 200ms:2s");
}
