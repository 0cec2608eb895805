using System.Collections.Immutable;
using Coreutil.Applets.Fleetctl;
using Coreutil.Applets.Fleetctl.Commands;
using Coreutil.Core.Applets;

namespace Coreutil.Tests.Applets.Fleetctl;

/// <summary>fleetctl's commands on a cluster in memory; texts and exit codes are those that fleetctl 1.0 was seen to print (reference: fleet §g).</summary>
public sealed class FleetctlTests : IDisposable
{
    private const string Service = "[Service]\nExecStart=/bin/sleep 1000\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("coreutil-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly FakeFleetApi _api = new();
    private readonly AppletContext _context;
    private readonly List<string> _ran = [];

    public FleetctlTests() => _context = new()
    {
        Out = _output,
        Error = _error,
        In = TextReader.Null,
        InvokedAs = "fleetctl",
        ExecutablePath = "/fleetctl",
        Environment = [],
        Time = new EagerTime(),
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_unit_is_created_from_its_file_and_sent_to_its_state()
    {
        int code = await TargetAsync("start", "launched", Write("hello.service", Service));

        Assert.Equal(0, code);
        Assert.Equal("Unit hello.service inactive\nUnit hello.service launched on c9f1a2b3.../192.0.2.7\n", _output.ToString());
        Assert.Equal("", _error.ToString());
        Assert.Equal(Service, _api.Units["hello.service"].File.Serialise());
    }

    [Fact]
    public async Task A_name_without_suffix_is_a_service()
    {
        _api.Add("hello.service", "inactive", Service);

        Assert.Equal(0, await TargetAsync("load", "loaded", "hello"));
        Assert.Equal("Unit hello.service loaded on c9f1a2b3.../192.0.2.7\n", _output.ToString());
    }

    [Fact]
    public async Task An_instance_comes_from_a_link_to_its_template()
    {
        Write("web@.service", Service);
        Directory.CreateDirectory(Path.Combine(_directory, "instances"));
        string link = Path.Combine(_directory, "instances", "web@1.service");
        File.CreateSymbolicLink(link, "../web@.service");

        Assert.Equal(0, await TargetAsync("submit", null, link));
        Assert.Equal(["web@1.service"], _api.Units.Keys);
    }

    [Fact]
    public async Task An_instance_comes_from_the_template_file_beside_it()
    {
        Write("web@.service", Service);

        Assert.Equal(0, await TargetAsync("submit", null, Path.Combine(_directory, "web@1")));
        Assert.Equal(["web@1.service"], _api.Units.Keys);
    }

    [Fact]
    public async Task The_template_of_the_registry_beats_the_file_beside_the_instance()
    {
        Write("web@.service", "[Service]\nExecStart=/bin/false\n");
        _api.Add("web@.service", "inactive", Service);

        Assert.Equal(0, await TargetAsync("submit", null, Path.Combine(_directory, "web@1.service")));
        Assert.Equal(Service, _api.Units["web@1.service"].File.Serialise());
    }

    [Theory]
    [InlineData("nowhere", "Error creating units: unable to find Unit(nowhere.service) in Registry or on filesystem\n")]
    [InlineData(
        "web@1",
        "Error creating units: failed getting Unit(web@1.service) from template: unable to find template Unit(web@.service) in Registry or on filesystem\n")]
    public async Task A_unit_that_is_nowhere_is_named(string argument, string error)
    {
        Assert.Equal(1, await TargetAsync("start", "launched", argument));
        Assert.Equal(error, _error.ToString());
    }

    [Fact]
    public async Task A_broken_file_is_named_with_its_line()
    {
        string path = Write("bad.service", "[Unit]\n[Service\n");

        Assert.Equal(1, await TargetAsync("submit", null, path));
        Assert.Equal($"Error creating units: failed getting Unit(bad.service) from file: unable to find end of section ({path}:2:2)\n", _error.ToString());
        Assert.Empty(_api.Units);
    }

    [Fact]
    public async Task A_local_file_that_differs_is_told_and_changes_nothing()
    {
        _api.Add("hello.service", "launched", Service);
        string path = Write("hello.service", "[Service]\nExecStart=/bin/true\n");

        Assert.Equal(0, await TargetAsync("start", "launched", path));
        Assert.Equal("WARNING: Unit hello.service in registry differs from local unit file hello.service. Add --replace to override.\n", _error.ToString());
        Assert.Equal(Service, _api.Units["hello.service"].File.Serialise());
    }

    // fleet 1.0 replaces only what stands in a state that the command itself could have made.
    [Theory]
    [InlineData("submit", null, "inactive", true)]
    [InlineData("submit", null, "loaded", false)]
    [InlineData("load", "loaded", "loaded", true)]
    [InlineData("load", "loaded", "launched", false)]
    [InlineData("start", "launched", "launched", true)]
    public async Task Replace_changes_units_in_the_states_of_its_command(string verb, string? target, string state, bool isReplaced)
    {
        _api.Add("hello.service", state, Service);
        const string Newer = "[Service]\nExecStart=/bin/true\n";

        await TargetAsync(verb, target, Write("hello.service", Newer), isReplacing: true);

        Assert.Equal(isReplaced ? Newer : Service, _api.Units["hello.service"].File.Serialise());
        Assert.Equal(
            isReplaced ? "" : $"Warning: can not replace Unit(hello.service) in state '{state}', use the appropriate command\n", _error.ToString());
    }

    [Fact]
    public async Task A_requirement_nobody_knows_is_warned_of()
    {
        await TargetAsync("submit", null, Write("hello.service", Service + "\n[X-Fleet]\nMachineOff=x\n"));

        Assert.Equal(
            "2026/01/02 03:04:05 WARN fleetctl.go:674: Unit hello.service: unrecognized requirement in [X-Fleet] section: \"MachineOff\"\n",
            _error.ToString());
    }

    [Fact]
    public async Task A_global_unit_is_triggered_and_not_waited_for()
    {
        string path = Write("all.service", Service + "\n[X-Fleet]\nGlobal=true\n");

        Assert.Equal(0, await TargetAsync("start", "launched", path));
        Assert.Equal("Unit all.service \nTriggered global unit all.service start\n", _output.ToString());
    }

    [Fact]
    public async Task No_block_tells_and_leaves()
    {
        string path = Write("hello.service", Service);
        _api.Stuck.Add("hello.service");

        Assert.Equal(0, await TargetAsync("start", "launched", path, policy: new(0, IsNotWaiting: true)));
        Assert.Equal("Unit hello.service inactive\nTriggered unit hello.service start\n", _output.ToString());
    }

    [Fact]
    public async Task After_its_attempts_a_waiting_command_gives_up()
    {
        string path = Write("hello.service", Service);
        _api.Stuck.Add("hello.service");

        Assert.Equal(1, await TargetAsync("load", "loaded", path, policy: new(3, IsNotWaiting: false)));
        Assert.Equal(
            $"Still waiting for unit hello.service to report state loaded: no machine fits\n  {FakeFleetApi.MachineId}: local Machine metadata insufficient: disk=tape is required\n"
            + "Error waiting for units: timed out waiting for unit hello.service to report state loaded\n"
            + "Error waiting for unit states, exit status: timed out waiting for unit hello.service to report state loaded\n",
            _error.ToString());
    }

    [Fact]
    public async Task A_start_of_a_unit_that_fails_is_a_failure()
    {
        _api.ActiveState = "failed";

        Assert.Equal(1, await TargetAsync("start", "launched", Write("hello.service", Service)));
        Assert.Contains("Error waiting for systemd unit states, err: Unit hello.service failed on ", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("launched", "stop", 0, "Unit a.service loaded on c9f1a2b3.../192.0.2.7\n", "Successfully stopped units [a.service].\n")]
    [InlineData("loaded", "stop", 0, "", "Successfully stopped units [].\n")]
    [InlineData("inactive", "stop", 1, "", "Unable to stop unit a.service in state inactive\n")]
    [InlineData("launched", "unload", 0, "Unit a.service inactive\n", "Successfully unloaded units [a.service].\n")]
    public async Task Stop_and_unload_send_a_unit_back(string state, string verb, int code, string output, string error)
    {
        _api.Add("a.service", state, Service);
        var request = verb == "stop"
            ? new ReverseCommand.Request("stop", "stopped", "loaded", ["a"], new(0, false))
            : new ReverseCommand.Request("unload", "unloaded", "inactive", ["a"], new(0, false));

        Assert.Equal(code, await ReverseCommand.RunAsync(_api, _context, request, TestContext.Current.CancellationToken));
        Assert.Equal((output, error), (_output.ToString(), _error.ToString()));
    }

    [Fact]
    public async Task Destroy_names_what_it_removed()
    {
        _api.Add("a.service", "launched", Service);

        Assert.Equal(0, await DestroyCommand.RunAsync(_api, _context, ["a", "b"], TestContext.Current.CancellationToken));
        Assert.Equal("Destroyed a.service\n", _output.ToString());
        Assert.Equal(0, await DestroyCommand.RunAsync(_api, _context, ["b"], TestContext.Current.CancellationToken));
        Assert.Equal("Units not found in registry\n", _error.ToString());
    }

    // Cells of 8 characters, a tab at least between two, none at the end: as Go's tabwriter lays them out.
    [Fact]
    public async Task Lists_are_laid_out_with_tabs()
    {
        _api.Add("a.service", "launched", Service);
        var units = await _api.ListUnitsAsync(TestContext.Current.CancellationToken);
        var machines = await _api.ListMachinesAsync(TestContext.Current.CancellationToken);
        var columns = ListUnitFilesCommand.Columns(machines, isFull: false);

        Assert.Equal(0, await ListCommand.PrintAsync(_context, new("unit,dstate,target", false, false), columns, units, TestContext.Current.CancellationToken));
        Assert.Equal("UNIT\t\tDSTATE\t\tTARGET\na.service\tlaunched\tc9f1a2b3.../192.0.2.7\n", _output.ToString());
    }

    [Theory]
    [InlineData("unit,bogus", "Invalid key in output format: \"bogus\"\n")]
    [InlineData("", "Must define output format\n")]
    public async Task A_column_nobody_knows_is_refused(string fields, string error)
    {
        var columns = ListMachinesCommand.Columns(isFull: true);

        Assert.Equal(1, await ListCommand.PrintAsync(_context, new(fields.Replace("unit", "machine", StringComparison.Ordinal), false, false), columns, [], TestContext.Current.CancellationToken));
        Assert.Equal(error, _error.ToString());
    }

    [Fact]
    public async Task Status_ends_with_the_code_of_the_first_unit_that_does_not_run()
    {
        _api.Add("a.service", "launched", Service);
        _api.ActiveState = "inactive";

        Assert.Equal(3, await StatusCommand.RunAsync(_api, _context, new(["a"], null), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal("a.service is dead\n", _output.ToString());
        Assert.Equal(1, await StatusCommand.RunAsync(_api, _context, new(["b"], null), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal("Unit b.service does not exist.\n", _error.ToString());
    }

    // fleet.md §g: the original prints nothing of a global unit and exits with 0, and scripts count on that 0.
    [Fact]
    public async Task Status_of_a_global_unit_goes_on_past_a_machine_that_cannot_be_asked()
    {
        _api.Add("a.service", "launched", $"{Service}\n[X-Fleet]\nGlobal=true\n");
        _api.HasAdditions = false;

        Assert.Equal(0, await StatusCommand.RunAsync(_api, _context, new(["a"], null), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal([$"{FakeFleetApi.MachineId}: systemctl status -l a.service"], _ran);
    }

    [Fact]
    public async Task The_journal_of_a_unit_that_is_not_loaded_is_refused()
    {
        _api.Add("a.service", "inactive", Service);

        Assert.Equal(1, await JournalCommand.RunAsync(_api, _context, new(["a"]), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal("Unit a.service does not appear to be running.\n", _error.ToString());
    }

    [Fact]
    public async Task Without_our_fleetd_status_and_journal_go_the_original_way()
    {
        _api.Add("a.service", "launched", Service);
        _api.HasAdditions = false;

        Assert.Equal(7, await StatusCommand.RunAsync(_api, _context, new(["a"], null), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal(7, await JournalCommand.RunAsync(_api, _context, new(["a"], 5, IsFollowing: true), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal(
            [
                $"{FakeFleetApi.MachineId}: systemctl status -l a.service",
                $"{FakeFleetApi.MachineId}: journalctl --unit a.service --no-pager -n 5 --output short -f",
            ],
            _ran);
    }

    // Only journalctl knows its other forms.
    [Fact]
    public async Task Another_form_of_the_journal_is_asked_of_journalctl()
    {
        _api.Add("a.service", "launched", Service);

        Assert.Equal(7, await JournalCommand.RunAsync(_api, _context, new(["a"], Output: "json", IsSudo: true), RunOnAsync, TestContext.Current.CancellationToken));
        Assert.Equal([$"{FakeFleetApi.MachineId}: sudo journalctl --unit a.service --no-pager -n 10 --output json"], _ran);
    }

    [Fact]
    public async Task Restart_sees_the_unit_stopped_before_it_starts_it()
    {
        _api.Add("a.service", "launched", Service);

        Assert.Equal(1, await RestartCommand.RunAsync(_api, _context, new(["a"], new(2, false)), (_, _, _) => Task.FromResult(0), TestContext.Current.CancellationToken));
        Assert.Contains("timed out waiting for unit a.service to stop", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("loaded", _api.Units["a.service"].DesiredState);
    }

    [Fact]
    public async Task Why_lists_what_speaks_against_each_machine()
    {
        _api.Add("a.service", "loaded", Service);

        Assert.Equal(0, await WhyCommand.RunAsync(_api, _context, ["a"], TestContext.Current.CancellationToken));
        Assert.Equal(
            "a.service: no machine fits\nMACHINE\t\t\tUNITS\tREASON\nc9f1a2b3.../192.0.2.7\t3\tlocal Machine metadata insufficient: disk=tape is required\n",
            _output.ToString());
    }

    // fleet 1.0's words; a prefix of an ID, or a unit with or without its suffix.
    [Theory]
    [InlineData(null, null, "c9f1", "")]
    [InlineData(null, null, "a", "")]
    [InlineData("c9f1a2", null, "uptime", "")]
    [InlineData(null, "a", "uptime", "")]
    [InlineData(null, null, "paas", "Unable to proceed: could not find matching unit or machine")]
    [InlineData("zz", null, null, "Unable to proceed: machine does not exist")]
    [InlineData("c9", "a", null, "Both machine and unit flags provided, please specify only one.")]
    [InlineData(null, null, null, "Unable to proceed: one machine or unit must be provided")]
    public async Task Ssh_finds_the_machine_of_its_target(string? machine, string? unit, string? word, string refusal)
    {
        _api.Add("a.service", "launched", Service);
        var request = new SshCommand.Request(machine, unit, word is null ? [] : [word], 22, false);

        var found = await SshCommand.FindAddressAsync(_api, request, TestContext.Current.CancellationToken);

        Assert.Equal(refusal.Length == 0 ? ("192.0.2.7", null) : ("", refusal), found);
    }

    private Task<int> RunOnAsync(string machineId, ImmutableArray<string> command, CancellationToken cancel)
    {
        _ran.Add($"{machineId}: {string.Join(' ', command)}");
        return Task.FromResult(7);
    }

    private Task<int> TargetAsync(string verb, string? state, string unit, bool isReplacing = false, WaitPolicy? policy = null) => TargetCommand.RunAsync(
        _api,
        _context,
        new(verb, state, [unit], isReplacing, policy ?? new(0, IsNotWaiting: false)),
        TestContext.Current.CancellationToken);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
