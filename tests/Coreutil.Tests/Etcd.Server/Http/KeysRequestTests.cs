using System.Text;
using Coreutil.Etcd.Server.Http;

namespace Coreutil.Tests.Etcd.Server.Http;

/// <summary>etcd.md §1.2; what is not there was recorded from etcd 2.3.8.</summary>
public sealed class KeysRequestTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("99999999999", null)] // overflows: its time would be before 2000
    [InlineData("18446744073709551615", -1L)] // wraps to one second ago: due at once
    [InlineData("9223372037", null)]
    [InlineData("0", 0L)]
    [InlineData("7000000000", 7_000_000_000L)]
    [InlineData("", null)]
    public void The_time_of_a_huge_ttl_overflows_as_it_does_in_go(string ttl, long? secondsFromNow)
    {
        var (request, _) = Parse("PUT", $"ttl={ttl}");

        var command = Assert.IsType<KeysRequest.Write>(request).Command;
        Assert.Equal(secondsFromNow is { } seconds ? _now.AddSeconds(seconds) : null, command.Deadline);
    }

    [Theory]
    [InlineData("prevIndex=x&ttl=x", "203 invalid value for \"prevIndex\"")]
    [InlineData("ttl=x&stream=x", "209 invalid value for \"stream\"")]
    [InlineData("wait=true&prevValue=", "209 \"wait\" can only be used with GET requests")]
    [InlineData("prevValue=&ttl=x", "201 \"prevValue\" cannot be empty")]
    [InlineData("ttl=x&prevExist=x", "202 invalid value for \"ttl\"")]
    [InlineData("prevExist=x&refresh=x", "209 invalid value for prevExist")]
    [InlineData("refresh=x", "209 invalid value for refresh")]
    [InlineData("refresh=true&value=v", "211 A value was provided on a refresh")]
    [InlineData("refresh=true", "212 No TTL value set")]
    [InlineData("%zz&ttl=x", "210 invalid URL escape \"%zz\"")]
    [InlineData("%zz&a;b", "210 invalid semicolon separator in query")]
    [InlineData("a;b&%zz", "210 invalid semicolon separator in query")]
    public void The_first_failure_in_etcds_order_is_told(string body, string failure)
    {
        var (_, refusal) = Parse("PUT", body);

        Assert.Equal(failure, $"{(int)refusal!.Code} {refusal.Cause}");
    }

    private static (KeysRequest? Request, Coreutil.Etcd.Api.EtcdError? Refusal) Parse(string method, string body) =>
        KeysRequest.Parse(method, "/k", FormValues.Parse(Encoding.ASCII.GetBytes(body), []), _now);
}
