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
    [InlineData("run --deep /k echo hi", "deep=true words=/k,echo,hi")]
    [InlineData("run /k --deep echo hi", "deep=true words=/k,echo,hi")] // the key stays before its program
    [InlineData("run /k --deep -- echo hi", "deep=true words=/k,--,echo,hi")]
    [InlineData("run /k -- echo --deep", "deep=false words=/k,--,echo,--deep")]
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
    [InlineData("--version=false frobnicate", 0, "No help topic for 'frobnicate'\n", "")]
    [InlineData("group nosuch", 0, "No help topic for 'nosuch'\n", "")]
    [InlineData("group --help nosuch", 0, "No help topic for 'nosuch'\n", "")] // a group takes --help and does not care
    [InlineData("help nosuch", 0, "No help topic for 'nosuch'\n", "")]
    public async Task Mistakes_are_help_and_success_unless_strict(string line, int exitCode, string output, string error)
    {
        Assert.Equal(exitCode, await InvokeAsync(line));
        Assert.Equal((output, error), (_output.ToString(), _error.ToString()));
    }

    // Recorded of the original: a topic is shown in the form of a command even where it is a group, «group help» in the form of the program.
    [Theory]
    [InlineData("help set", "NAME:\n   /opt/etcdctl set - set the value of a key\n\nUSAGE:\n   /opt/etcdctl set [command options] [arguments...]\n\nOPTIONS:\n   --ttl \t\n   \n")]
    [InlineData("help group", "NAME:\n   /opt/etcdctl group - a group\n\nUSAGE:\n   /opt/etcdctl group [arguments...]\n")]
    [InlineData("group", "NAME:\n   etcdctl group - a group\n\nUSAGE:\n   etcdctl group command [command options] [arguments...]\n\nCOMMANDS:\n   add\t\tadds\n   help, h\tShows a list of commands or help for one command\n   \nOPTIONS:\n   --help, -h\tshow help\n   \n")]
    [InlineData("group h", "NAME:\n   etcdctl group - a group\n\nUSAGE:\n   etcdctl group [global options] command [command options] [arguments...]\n   \nVERSION:\n   2.3.8\n   \nCOMMANDS:\n   add\t\tadds\n   help, h\tShows a list of commands or help for one command\n   \nGLOBAL OPTIONS:\n   --help, -h\tshow help\n   \n")]
    [InlineData("group add -h", "NAME:\n   etcdctl group add - adds\n\nUSAGE:\n   etcdctl group add [command options] <role> \n\nOPTIONS:\n   -c [-c option -c option]\twhat\n   \n")]
    [InlineData("group help add", "NAME:\n   etcdctl group add - adds\n\nUSAGE:\n   etcdctl group add [command options] <role> \n\nOPTIONS:\n   -c [-c option -c option]\twhat\n   \n")]
    [InlineData("help help", "NAME:\n    - Shows a list of commands or help for one command\n\nUSAGE:\n    [command]\n")]
    [InlineData("help -h", "NAME:\n    - Shows a list of commands or help for one command\n\nUSAGE:\n    [command]\n")]
    [InlineData("help -x", "Incorrect Usage.\n\nNAME:\n    - Shows a list of commands or help for one command\n\nUSAGE:\n    [command]\n")]
    [InlineData("group help help", "NAME:\n   etcdctl group help - Shows a list of commands or help for one command\n\nUSAGE:\n   etcdctl group help [command]\n")]
    public async Task Help_has_the_originals_forms(string line, string text)
    {
        Assert.Equal(0, await InvokeAsync(line, "/opt/etcdctl"));
        Assert.Equal(text, _output.ToString());
    }

    [Fact]
    public async Task Help_does_not_tell_of_what_is_hidden()
    {
        await InvokeAsync("--help");

        Assert.Contains("set the value", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("strict", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("collect", _output.ToString(), StringComparison.Ordinal);
    }

    private Task<int> InvokeAsync(string line, string invokedAs = "etcdctl")
    {
        var context = new AppletContext
        {
            Out = _output,
            Error = _error,
            In = TextReader.Null,
            InvokedAs = invokedAs,
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
        var program = new Argument<string[]>("words") { Arity = ArgumentArity.ZeroOrMore, HelpName = "<key> <command> [args...]" };
        var deep = new Option<bool>("--deep");
        var run = new Command("run", "run") { program, deep };
        run.SetAction(parsed => _ran = $"deep={(parsed.GetValue(deep) ? "true" : "false")} words={string.Join(',', parsed.GetRequiredValue(program))}");
        var add = new Command("add", "adds") { new Argument<string[]>("words") { HelpName = "<role> " }, new Option<string[]>("--c") { Description = "what" } };
        return new RootCommand("A client.") { set, collect, run, new Command("group", "a group") { add }, new Option<string>("--endpoints"), new Option<bool>("--strict") { Hidden = true } };
    }
}
