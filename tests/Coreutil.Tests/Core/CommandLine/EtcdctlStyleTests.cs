using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Tests.Core.CommandLine;

// etcd.md §6: flags before and after the key, usage errors on stdout with exit code 0; --strict is ours.
public sealed class EtcdctlStyleTests
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private string _ran = "";

    [Theory]
    [InlineData("set /k v --ttl 60", "ttl=60 words=/k,v")]
    [InlineData("set --ttl 60 /k v", "ttl=60 words=/k,v")]
    [InlineData("set -ttl=60 /k v", "ttl=60 words=/k,v")]
    [InlineData("set /k --ttl 60 v", "ttl=60 words=v,/k")]
    [InlineData("set --ttl 1 --ttl 2 /k v", "ttl=2 words=/k,v")]
    [InlineData("set -- /k -5", "ttl= words=/k,-5")]
    [InlineData("set /k -- x --ttl 5", "ttl= words=/k,--,x,--ttl,5")]
    [InlineData("--endpoints= set /k v", "ttl= words=/k,v")]
    public async Task Flags_may_stand_before_and_after_the_words(string line, string ran)
    {
        Assert.Equal(0, await InvokeAsync(line));
        Assert.Equal(ran, _ran);
    }

    [Fact]
    public async Task A_flag_that_collects_keeps_all_its_values()
    {
        await InvokeAsync("collect --hidden /a --hidden /b");

        Assert.Equal("/a,/b", _ran);
    }

    [Theory]
    [InlineData("frobnicate", 0, "No help topic for 'frobnicate'\n", "")]
    [InlineData("--strict frobnicate", 1, "", "etcdctl: unknown command 'frobnicate'\n")]
    [InlineData("--strict set --frob /k", 1, "", "etcdctl: flag provided but not defined: -frob\n")]
    [InlineData("--strict set --ttl abc /k", 1, "", "etcdctl: invalid value \"abc\" for flag -ttl: parse error\n")]
    [InlineData("--version", 0, "etcdctl version 2.3.8\n", "")]
    public async Task Mistakes_are_help_and_success_unless_strict(string line, int exitCode, string output, string error)
    {
        Assert.Equal(exitCode, await InvokeAsync(line));
        Assert.Equal((output, error), (_output.ToString(), _error.ToString()));
    }

    [Fact]
    public async Task Help_does_not_tell_of_what_is_hidden()
    {
        await InvokeAsync("--help");

        Assert.Contains("set the value", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("strict", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("collect", _output.ToString(), StringComparison.Ordinal);
    }

    private Task<int> InvokeAsync(string line)
    {
        var context = new AppletContext
        {
            Out = _output,
            Error = _error,
            In = TextReader.Null,
            InvokedAs = "etcdctl",
            ExecutablePath = "",
            Environment = ImmutableDictionary<string, string>.Empty,
        };
        return new EtcdctlStyle("etcdctl", "2.3.8").InvokeAsync(CreateRoot(), context, line.Split(' '), CancellationToken.None);
    }

    private RootCommand CreateRoot()
    {
        var words = new Argument<string[]>("words") { Arity = ArgumentArity.ZeroOrMore };
        var ttl = new Option<long>("--ttl");
        var set = new Command("set", "set the value of a key") { words, ttl };
        set.SetAction(parsed => _ran = $"ttl={(parsed.GetResult(ttl) is { Implicit: false } ? parsed.GetValue(ttl).ToString(CultureInfo.InvariantCulture) : "")} words={string.Join(',', parsed.GetRequiredValue(words))}");
        var hidden = new Option<string[]>("--hidden") { Arity = ArgumentArity.ZeroOrMore };
        var collect = new Command("collect", "collect") { hidden };
        collect.Hidden = true;
        collect.SetAction(parsed => _ran = string.Join(',', parsed.GetRequiredValue(hidden)));
        return new RootCommand("A client.") { set, collect, new Option<string>("--endpoints"), new Option<bool>("--strict") { Hidden = true } };
    }
}
