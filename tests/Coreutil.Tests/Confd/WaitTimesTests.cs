using Coreutil.Confd;

namespace Coreutil.Tests.Confd;

public sealed class WaitTimesTests
{
    // As consul-template reads it: without a longest time it is four times the shortest.
    [Theory]
    [InlineData("200ms:2s", 200, 2000)]
    [InlineData("1s", 1000, 4000)]
    [InlineData("0s:0s", 0, 0)]
    public void Wait_is_min_and_max(string text, int quiet, int longest) =>
        Assert.Equal(new WaitTimes(TimeSpan.FromMilliseconds(quiet), TimeSpan.FromMilliseconds(longest)), WaitTimes.Parse(text));

    [Theory]
    [InlineData("2s:1s")]
    [InlineData("x")]
    [InlineData("1s:2s:3s")]
    [InlineData("5")]
    public void Anything_else_is_refused_with_an_example(string text) =>
        Assert.Equal($"wait \"{text}\" is not of the form min:max, such as 200ms:2s", Assert.Throws<ConfdException>(() => WaitTimes.Parse(text)).Message);
}
