using Coreutil.Supervisor.Units;

namespace Coreutil.Tests.Supervisor.Units;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("80", "[::]:80")]
    [InlineData("127.0.0.1:80", "127.0.0.1:80")]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData("/run/x", "/run/x")]
    public void An_address_to_listen_on(string text, string address) => Assert.Equal(address, ListenAddress.Parse(text).Address?.ToString());

    [Theory]
    [InlineData("0", "Invalid argument")]
    [InlineData("65536", "Numerical result out of range")]
    [InlineData("1.2.3:80", "Invalid argument")]
    [InlineData("[::1]", "Invalid argument")]
    [InlineData("localhost:80", "Invalid argument")]
    [InlineData("@", "Invalid argument")]
    public void What_is_no_address(string text, string fault) => Assert.Equal(fault, ListenAddress.Parse(text).Fault);

    [Fact]
    public void A_path_longer_than_the_kernel_has_room_for() =>
        Assert.Equal("File name too long", ListenAddress.Parse("/" + new string('a', 107)).Fault);
}
