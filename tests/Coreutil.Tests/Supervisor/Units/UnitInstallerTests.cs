using System.Net;
using Coreutil.Supervisor;
using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

// enable, disable, mask, unmask (systemd.unit(5), [Install]); the texts are systemctl's.
public sealed class UnitInstallerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("coreutil-install-").FullName;
    private readonly UnitInstaller _installer;

    public UnitInstallerTests()
    {
        var options = new UnitdOptions { StateDirectory = Path.Combine(_directory, "state"), UnitPath = [Path.Combine(_directory, "units")], Address = IPAddress.Loopback };
        Directory.CreateDirectory(options.UnitPath[0]);
        _installer = new UnitInstaller(options, new UnitFiles(options));
        Write("a.service", "WantedBy=multi-user.target\nAlso=b.socket");
        Write("b.socket", "RequiredBy=sockets.target");
        Write("t@.service", "WantedBy=multi-user.target\nDefaultInstance=7");
        Write("plain.service", "");
        Write("also.service", "Also=b.socket");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Enabling_makes_the_links_and_disabling_removes_them()
    {
        var outcome = _installer.Enable(["a.service"], isForced: false);

        Assert.Equal(
            [
                $"Created symlink {Link("multi-user.target.wants/a.service")} → {Unit("a.service")}.",
                $"Created symlink {Link("sockets.target.requires/b.socket")} → {Unit("b.socket")}.",
            ],
            outcome.Said);
        Assert.Equal(("enabled", "enabled"), (_installer.StateOf("a.service"), _installer.StateOf("b.socket")));
        Assert.Empty(_installer.Enable(["a.service"], isForced: false).Said);
        Assert.Equal([$"Removed \"{Link("multi-user.target.wants/a.service")}\"."], _installer.Disable(["a.service"]).Said);
        Assert.Equal("disabled", _installer.StateOf("a.service"));
    }

    [Fact]
    public void A_template_is_enabled_as_its_default_instance()
    {
        Assert.Equal([$"Created symlink {Link("multi-user.target.wants/t@7.service")} → {Unit("t@.service")}."], _installer.Enable(["t@.service"], isForced: false).Said);
        Assert.Equal(("enabled", "enabled", "disabled"), (_installer.StateOf("t@.service"), _installer.StateOf("t@7.service"), _installer.StateOf("t@8.service")));
    }

    [Theory]
    [InlineData("plain.service", "static")]
    [InlineData("also.service", "indirect")]
    [InlineData("a.service", "disabled")]
    [InlineData("none.service", "")]
    public void A_file_has_systemctls_word(string name, string state) => Assert.Equal(state, _installer.StateOf(name));

    [Fact]
    public void A_masked_unit_is_neither_started_nor_enabled()
    {
        Assert.Equal([$"Created symlink {Link("a.service")} → /dev/null."], _installer.Mask(["a.service"], isForced: false).Said);
        Assert.Equal("masked", _installer.StateOf("a.service"));
        Assert.Equal($"Failed to enable unit: Unit file {Link("a.service")} is masked.", _installer.Enable(["a.service"], isForced: false).Refusal);
        Assert.Equal([$"Removed \"{Link("a.service")}\"."], _installer.Unmask(["a.service"]).Said);
        Assert.Equal("disabled", _installer.StateOf("a.service"));
        Assert.Equal("Unit none.service does not exist, proceeding anyway.", _installer.Mask(["none.service"], isForced: false).Said[0]);
    }

    [Fact]
    public void Nothing_is_linked_where_one_name_is_none()
    {
        var outcome = _installer.Enable(["a.service", "none.service"], isForced: false);

        Assert.Equal("Failed to enable unit: Unit file none.service does not exist.", outcome.Refusal);
        Assert.Equal("disabled", _installer.StateOf("a.service"));
        Assert.True(_installer.Enable(["plain.service"], isForced: false).IsWithoutSection);
    }

    private void Write(string name, string install) => File.WriteAllText(Unit(name), $"[Service]\nExecStart=/bin/true\n[Install]\n{install}\n");

    private string Unit(string name) => Path.Combine(_directory, "units", name);

    private string Link(string path) => Path.Combine(_directory, "state", "enabled", path);
}
