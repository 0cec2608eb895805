using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

public sealed class SpecifiersTests
{
    private static readonly SpecifierContext _host = new() { HostName = "h1.example", MachineId = "m1", BootId = "b1", KernelRelease = "6.1" };

    // systemd.unit(5), SPECIFIERS; the values of the instance were recorded with systemd 252.
    [Theory]
    [InlineData("%n", "sp@a-b\\x2fc.service")]
    [InlineData("%N", "sp@a-b\\x2fc")]
    [InlineData("%p", "sp")]
    [InlineData("%i", "a-b\\x2fc")]
    [InlineData("%I", "a/b/c")]
    [InlineData("%f", "/a/b/c")]
    [InlineData("%H %l", "h1.example h1")]
    [InlineData("%m %b %v", "m1 b1 6.1")]
    [InlineData("%t %S %C %L %E %T %V", "/run /var/lib /var/cache /var/log /etc /tmp /var/tmp")]
    [InlineData("%u %U %h %s", "root 0 /root /bin/sh")]
    [InlineData("100%%", "100%")]
    [InlineData("%%i", "%i")]
    [InlineData("%z 5%", "%z 5%")]
    public void A_specifier_stands_for_its_value(string text, string value) => Assert.Equal(value, Specifiers.Expand(text, "sp@a-b\\x2fc.service", _host));

    [Theory]
    [InlineData("%j", "c\\x20d")]
    [InlineData("%J", "c d")]
    public void The_last_part_of_a_prefix_has_a_specifier(string text, string value) => Assert.Equal(value, Specifiers.Expand(text, "a-b-c\\x20d.service", _host));
}
