using Coreutil.Supervisor.Processes;
using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

// The limits are what a process of systemd 252 found in /proc/self/limits; resources are numbered as setrlimit(2) has them.
public sealed class LimitTextTests
{
    [Theory]
    [InlineData("LimitCPU", "5m:2h", 0, 300UL, 7_200UL)]
    [InlineData("LimitCPU", "1500ms", 0, 2UL, 2UL)]
    [InlineData("LimitFSIZE", "1.5G", 1, 1_610_612_736UL, 1_610_612_736UL)]
    [InlineData("LimitNOFILE", "1024:infinity", 7, 1_024UL, ulong.MaxValue)]
    [InlineData("LimitNOFILE", "0x200", 7, 512UL, 512UL)]
    [InlineData("LimitNICE", "+5", 13, 15UL, 15UL)]
    [InlineData("LimitNICE", "-5", 13, 25UL, 25UL)]
    [InlineData("LimitNICE", "0", 13, 1UL, 1UL)]
    [InlineData("LimitRTTIME", "5ms", 15, 5_000UL, 5_000UL)]
    [InlineData("LimitRTTIME", "20", 15, 20UL, 20UL)]
    public void A_limit_is_counted_in_its_resources_unit(string setting, string text, int resource, ulong soft, ulong hard) =>
        Assert.Equal(new ResourceLimit(resource, soft, hard), LimitText.Parse(setting, text));

    [Theory]
    [InlineData("LimitNOFILE", "1K")]
    [InlineData("LimitNOFILE", "10:")]
    [InlineData("LimitNOFILE", ":10")]
    [InlineData("LimitNOFILE", "1024 : 2048")]
    [InlineData("LimitFSIZE", "1Q")]
    [InlineData("LimitCPU", "abc")]
    [InlineData("LimitNICE", "+30")]
    [InlineData("LimitNICE", "-21")]
    [InlineData("LimitNICE", "41")]
    public void What_is_no_limit_is_null(string setting, string text) => Assert.Null(LimitText.Parse(setting, text));
}
