using Coreutil.Fleet.Agent;
using Coreutil.Fleet.Jobs;
using Coreutil.Fleet.Registry;

namespace Coreutil.Tests.Fleet;

// What the agent does with one unit (reference: fleet §e).
public sealed class AgentTasksTests
{
    [Theory]
    [InlineData(null, null, false, "")]
    [InlineData(null, "00", true, "Unload")]
    [InlineData(TargetState.Inactive, "00", false, "Unload")]
    [InlineData(TargetState.Loaded, null, false, "Load")]
    [InlineData(TargetState.Launched, null, false, "Load Start")]
    [InlineData(TargetState.Loaded, "00", false, "")]
    [InlineData(TargetState.Loaded, "00", true, "Stop")]
    [InlineData(TargetState.Launched, "00", false, "Start")]
    [InlineData(TargetState.Launched, "00", true, "")]
    [InlineData(TargetState.Loaded, "ff", true, "Unload Load")]
    [InlineData(TargetState.Launched, "ff", true, "Unload Load Start")]
    public void A_unit_is_brought_from_what_it_is_to_what_it_should_be(TargetState? target, string? localHash, bool isLaunched, string tasks)
    {
        DesiredUnit[] desired = target is { } wanted ? [new("a.service", "00", wanted)] : [];
        var current = new Dictionary<string, LocalUnit>();
        if (localHash is not null)
        {
            current["a.service"] = new(localHash, isLaunched);
        }

        Assert.Equal(tasks, string.Join(' ', AgentTasks.Plan(desired, current).Select(task => task.GetType().Name)));
    }

    [Fact]
    public void Unloads_come_before_loads_before_stops_before_starts_and_names_in_order()
    {
        DesiredUnit[] desired = [new("d.service", "00", TargetState.Launched), new("b.service", "00", TargetState.Loaded), new("a.service", "00", TargetState.Launched)];
        var current = new Dictionary<string, LocalUnit> { ["z.service"] = new("00", true), ["b.service"] = new("00", true) };

        Assert.Equal(
            ["Unload z.service", "Load a.service", "Load d.service", "Stop b.service", "Start a.service", "Start d.service"],
            AgentTasks.Plan(desired, current).Select(task => $"{task.GetType().Name} {task.UnitName}"));
    }

    [Fact]
    public void Every_task_has_a_reason()
    {
        var tasks = AgentTasks.Plan([new("a.service", "00", TargetState.Launched)], new Dictionary<string, LocalUnit> { ["z.service"] = new("00", true) });

        Assert.Equal(3, tasks.Length);
        Assert.All(tasks, task => Assert.NotEmpty(task.Reason));
    }
}
