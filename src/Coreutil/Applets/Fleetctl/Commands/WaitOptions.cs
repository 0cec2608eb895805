using System.CommandLine;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>--block-attempts and --no-block, as several commands take them.</summary>
internal sealed class WaitOptions(string verb)
{
    private readonly Option<int> _attempts = new("--block-attempts")
    {
        Description = $"Wait until the units are done with {verb}, performing up to N attempts before giving up. A value of 0 indicates no limit.",
    };

    private readonly Option<bool> _isNotWaiting = new("--no-block") { Description = $"Do not wait until the units are done with {verb} before exiting." };

    public void AddTo(Command command)
    {
        command.Add(_attempts);
        command.Add(_isNotWaiting);
    }

    public WaitPolicy Read(ParseResult parsed) => new(parsed.GetValue(_attempts), parsed.GetValue(_isNotWaiting));
}
