using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;

namespace Coreutil.Tests.Core.CommandLine;

// As systemctl 252 was seen to answer: getopt's reading, and everything that is wrong is exit code 1.
public sealed class SystemctlStyleTests
{
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private string _ran = "";

    [Theory]
    [InlineData("status a b", "10 - a,b")]
    [InlineData("-n 3 status a", "3 - a")]
    [InlineData("status a -n5", "5 - a")]
    [InlineData("status -qn7 a", "7 quiet a")]
    [InlineData("status --lines=0 --quiet a", "0 quiet a")]
    [InlineData("status -- -q", "10 - -q")]
    public async Task Options_stand_anywhere_and_short_ones_together(string line, string ran)
    {
        Assert.Equal(0, await InvokeAsync(line));
        Assert.Equal(ran, _ran);
    }

    [Theory]
    [InlineData("frobnicate", "Unknown command verb frobnicate.")]
    [InlineData("frobnicate a", "Unknown command verb frobnicate.")]
    [InlineData("status", "Too few arguments.")]
    [InlineData("reload a", "Too many arguments.")]
    [InlineData("status --frob a", "unitctl: unrecognized option '--frob'")]
    [InlineData("status --frob=1 a", "unitctl: unrecognized option '--frob'")]
    [InlineData("status -x a", "unitctl: invalid option -- 'x'")]
    [InlineData("status -qx a", "unitctl: invalid option -- 'x'")]
    public async Task What_is_no_command_is_told_in_one_line(string line, string error)
    {
        Assert.Equal(1, await InvokeAsync(line));
        Assert.Equal((error, ""), (_error.ToString().TrimEnd('\n'), _ran));
    }

    private async Task<int> InvokeAsync(string line)
    {
        var lines = new Option<int>("--lines", "-n") { DefaultValueFactory = _ => 10, Recursive = true };
        var isQuiet = new Option<bool>("--quiet", "-q") { Recursive = true };
        var units = new Argument<string[]>("UNIT") { Arity = ArgumentArity.OneOrMore };
        var status = new Command("status") { units };
        status.SetAction(parsed => _ran = $"{parsed.GetValue(lines)} {(parsed.GetValue(isQuiet) ? "quiet" : "-")} {string.Join(',', parsed.GetRequiredValue(units))}");
        var reload = new Command("reload");
        reload.SetAction(_ => _ran = "reload");
        var root = new Command("unitctl") { lines, isQuiet, status, reload };
        root.SetAction(_ => _ran = "root");
        var context = new AppletContext
        {
            Out = TextWriter.Null,
            Error = _error,
            In = TextReader.Null,
            InvokedAs = "unitctl",
            ExecutablePath = "/unitctl",
            Environment = ImmutableDictionary<string, string>.Empty,
        };
        return await new SystemctlStyle().InvokeAsync(root, context, line.Split(' '), CancellationToken.None);
    }
}
