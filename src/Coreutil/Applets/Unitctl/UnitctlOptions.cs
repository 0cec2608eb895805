using System.CommandLine;
using Coreutil.Applets.Unitd;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Unitctl;

/// <summary>systemctl's options are known to every verb, and stand before it or behind it; a verb passes over those that are nothing to it.</summary>
internal sealed class UnitctlOptions(AppletContext context)
{
    public Option<string> StateDirectory { get; } = new("--state-dir")
    {
        Description = $"the state directory of unitd ({UnitdApplet.StateDirectoryVariable})",
        DefaultValueFactory = _ => context.Variable(UnitdApplet.StateDirectoryVariable) ?? UnitdApplet.DefaultStateDirectory,
    };

    public Option<bool> All { get; } = new("--all", "-a") { Description = "list inactive units too; show empty properties" };

    public Option<string[]> Types { get; } = new("--type", "-t") { Description = "list units of these types, or load states, separated by commas" };

    public Option<string[]> States { get; } = new("--state") { Description = "list units in these load, active or sub states, separated by commas" };

    public Option<bool> Failed { get; } = new("--failed") { Description = "the same as --state=failed" };

    public Option<bool> HasNoLegend { get; } = new("--no-legend") { Description = "do not print titles, legend and hints" };

    public Option<string> Legend { get; } = new("--legend") { Description = "print titles, legend and hints: yes or no" };

    public Option<bool> IsPlain { get; } = new("--plain") { Description = "print lists without dots" };

    public Option<bool> IsQuiet { get; } = new("--quiet", "-q") { Description = "say less" };

    public Option<bool> IsNotWaiting { get; } = new("--no-block") { Description = "do not wait until the operation is finished" };

    public Option<bool> IsNow { get; } = new("--now") { Description = "start or stop the unit in addition to enabling or disabling it" };

    public Option<bool> IsForced { get; } = new("--force", "-f") { Description = "when enabling or masking, replace links that are in the way" };

    public Option<int> Lines { get; } = new("--lines", "-n") { Description = "number of journal entries to show", DefaultValueFactory = _ => 10 };

    public Option<string[]> Properties { get; } = new("--property", "-p") { Description = "show only these properties, separated by commas" };

    public Option<string[]> PropertyValues { get; } = new("-P") { Description = "the same as --value --property=" };

    public Option<bool> IsValueOnly { get; } = new("--value") { Description = "print the values only" };

    public Option<string> Signal { get; } = new("--signal", "-s") { Description = "which signal to send", DefaultValueFactory = _ => "SIGTERM" };

    public Option<string> Who { get; } = new("--kill-whom", "--kill-who") { Description = "whom to send it to: main, control or all", DefaultValueFactory = _ => "all" };

    public void AddTo(Command root)
    {
        foreach (var option in (Option[])[StateDirectory, All, Types, States, Failed, HasNoLegend, Legend, IsPlain, IsQuiet, IsNotWaiting, IsNow, IsForced, Lines, Properties, PropertyValues, IsValueOnly, Signal, Who])
        {
            option.Recursive = true;
            root.Add(option);
        }

        // Scripts pass these to systemctl; here there is nothing to switch: no pager, no password, one manager, and lines are never shortened.
        foreach (string name in (string[])["--no-pager", "--no-ask-password", "--system", "--no-warn"])
        {
            root.Add(new Option<bool>(name) { Recursive = true, Hidden = true });
        }

        root.Add(new Option<bool>("--full", "-l") { Recursive = true, Hidden = true });
    }
}
