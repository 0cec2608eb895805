using System.Collections.Immutable;
using Coreutil.Core.Applets;

namespace Coreutil.Tests.Applets.Etcd;

/// <summary>Texts and exit codes as recorded from etcd 2.3.8; usage goes to standard output, what is wrong to standard error.</summary>
public sealed class EtcdCommandLineTests
{
    [Theory]
    [InlineData("--nonsense", 2, "flag provided but not defined: -nonsense")]
    [InlineData("--name", 2, "flag needs an argument: -name")]
    [InlineData("---name x", 2, "bad flag syntax: ---name")]
    [InlineData("--snapshot-count x", 2, "invalid value \"x\" for flag -snapshot-count: parse error")]
    [InlineData("--snapshot-count -1", 2, "invalid value \"-1\" for flag -snapshot-count: parse error")]
    [InlineData("--snapshot-count 18446744073709551616", 2, "invalid value \"18446744073709551616\" for flag -snapshot-count: value out of range")]
    [InlineData("--force-new-cluster=x", 2, "invalid boolean value \"x\" for -force-new-cluster: parse error")]
    [InlineData("--proxy bad", 2, "invalid value \"bad\" for flag -proxy: invalid value")]
    [InlineData("--discovery-fallback bad", 2, "invalid value \"bad\" for flag -discovery-fallback: invalid value")]
    [InlineData("--initial-cluster-state bad", 2, "invalid value \"bad\" for flag -initial-cluster-state: invalid value")]
    [InlineData("--listen-client-urls bad", 2, "invalid value \"bad\" for flag -listen-client-urls: URL scheme must be http or https: bad")]
    [InlineData("-addr bad", 2, "invalid value \"bad\" for flag -addr: address bad: missing port in address")]
    [InlineData("-addr=", 2, "invalid value \"\" for flag -addr: missing port in address")]
    [InlineData("-addr h:1", 2, "invalid value \"h:1\" for flag -addr: bad IP in address specification")]
    [InlineData("-addr 127.0.0.1:x", 2, "invalid value \"127.0.0.1:x\" for flag -addr: bad port in address specification")]
    [InlineData("word", 1, "E | etcdmain: error verifying flags, 'word' is not a valid flag. See 'etcd --help'.")]
    [InlineData("-snapshot false", 1, "E | etcdmain: error verifying flags, 'false' is not a valid flag. See 'etcd --help'.")]
    [InlineData("--heartbeat-interval 300", 1, "E | etcdmain: error verifying flags, -election-timeout[1000ms] should be at least as 5 times as -heartbeat-interval[300ms]. See 'etcd --help'.")]
    public async Task A_bad_command_line_is_refused_in_the_originals_words(string arguments, int exitCode, string message)
    {
        var (code, output, error) = await RunAsync(arguments.Split(' '), []);

        Assert.Equal(exitCode, code);
        Assert.EndsWith(message, error.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(exitCode == 2, output.StartsWith("usage: etcd [flags]\n", StringComparison.Ordinal));
    }

    // ETCD_PEER_ELECTION_TIMEOUT and the like come from every cloud-config of 0.4.
    [Theory]
    [InlineData("-peer-election-timeout=500")]
    [InlineData("-cluster-active-size=3")]
    [InlineData("-config=/etc/etcd.conf")]
    [InlineData("-vv")]
    public async Task A_flag_of_an_older_release_is_taken_with_any_value(string flag)
    {
        var (code, _, error) = await RunAsync([flag, "--election-timeout=60000"], []);

        Assert.Equal(1, code);
        Assert.Contains($"W | flags: flag \"{flag.Split('=')[0]}\" is no longer supported - ignoring.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_variable_is_named_as_one()
    {
        var (code, _, error) = await RunAsync([], new() { ["ETCD_SNAPSHOT_COUNT"] = "x", ["ETCD_NONSENSE"] = "1" });

        Assert.Equal(1, code);
        Assert.Contains("W | flags: unrecognized environment variable ETCD_NONSENSE=1\n", error, StringComparison.Ordinal);
        Assert.Contains("I | flags: recognized and used environment variable ETCD_SNAPSHOT_COUNT=x\n", error, StringComparison.Ordinal);
        Assert.Contains("invalid value \"x\" for ETCD_SNAPSHOT_COUNT: parse error", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments, Dictionary<string, string> environment)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var context = new AppletContext
        {
            Out = output,
            Error = error,
            In = TextReader.Null,
            InvokedAs = "etcd",
            ExecutablePath = "/opt/bin/coreutil",
            Environment = environment.ToImmutableDictionary(),
        };
        int code = await Multicall.RunAsync(AppletTable.All, context, ["etcd", .. arguments], CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }
}
