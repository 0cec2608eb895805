using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

// What systemd 252 takes of each was asked of systemd-analyze verify.
public sealed class NumberAndSizeTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("19", 19)]
    [InlineData("+5", 5)]
    [InlineData("0x10", 16)]
    [InlineData("0b101", 5)]
    [InlineData("0o17", 15)]
    [InlineData("010", 8)]
    [InlineData("-20", -20)]
    public void A_number_may_name_its_base(string text, long value) => Assert.Equal(value, NumberText.ParseSigned(text));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("5 x")]
    [InlineData("1K")]
    [InlineData("08")]
    [InlineData("0x")]
    [InlineData("--1")]
    [InlineData("99999999999999999999")]
    public void What_is_no_number_is_null(string text) => Assert.Null(NumberText.ParseSigned(text));

    [Fact]
    public void A_negative_number_is_no_unsigned_one() => Assert.Null(NumberText.ParseUnsigned("-1"));

    [Theory]
    [InlineData("64", 64UL)]
    [InlineData("64B", 64UL)]
    [InlineData("64 K", 65_536UL)]
    [InlineData("1.5G", 1_610_612_736UL)]
    [InlineData("1G 500M", 1_598_029_824UL)]
    [InlineData("1K5", 1_029UL)]
    [InlineData("1P", 1_125_899_906_842_624UL)]
    public void A_size_is_counted_in_powers_of_1024(string text, ulong bytes) => Assert.Equal(bytes, SizeText.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("1Q")]
    [InlineData("64k")]
    [InlineData("64KB")]
    [InlineData("5M 1G")]
    [InlineData("-1")]
    [InlineData("99E")]
    public void What_is_no_size_is_null(string text) => Assert.Null(SizeText.Parse(text));
}
