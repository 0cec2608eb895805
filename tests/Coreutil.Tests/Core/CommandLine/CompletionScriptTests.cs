using System.CommandLine;
using Coreutil.Core.CommandLine;

namespace Coreutil.Tests.Core.CommandLine;

public sealed class CompletionScriptTests
{
    private static readonly RootCommand _root = new("")
    {
        new Option<bool>("--debug"),
        new Command("get", "it's got") { new Option<bool>("--sort") },
        new Command("user", "users") { new Command("add", "one more") { new Option<string>("--roles", "-r") } },
    };

    [Fact]
    public void Bash_knows_what_may_follow_each_command()
    {
        string script = CompletionScript.For("bash", "prog", _root)!;

        Assert.Contains("'') words='get user --debug'", script, StringComparison.Ordinal);
        Assert.Contains("'get') words='--sort'", script, StringComparison.Ordinal);
        Assert.Contains("'user') words='add'", script, StringComparison.Ordinal);
        Assert.Contains("'user add') words='--roles'", script, StringComparison.Ordinal);
        Assert.EndsWith("complete -o default -F _prog prog\n", script, StringComparison.Ordinal);
        Assert.StartsWith("#compdef prog\n", CompletionScript.For("zsh", "prog", _root), StringComparison.Ordinal);
    }

    // bash runs its script; zsh refused a length that begins with a letter ("unrecognized modifier").
    [Theory]
    [InlineData("bash", "prog us", "user")]
    [InlineData("bash", "prog user add --r", "--roles")]
    [InlineData("bash", "prog --debug get --", "--sort")]
    [InlineData("zsh", "prog us", "user")]
    [InlineData("zsh", "prog user add --r", "--roles")]
    public async Task The_shell_itself_completes(string shell, string line, string completed)
    {
        string path = $"/usr/bin/{shell}";
        Assert.SkipUnless(File.Exists(path), $"{shell} is not installed");
        // zsh has its completion built in for bash's functions only inside a completion: the two builtins are stood in for.
        string stubs = shell == "zsh" ? "emulate -R ksh; complete() { :; }; compgen() { for w in $=2; do case $w in $4*) print -r -- $w;; esac; done; }; " : "";
        string words = string.Join(' ', line.Split(' ').Select(word => $"'{word}'"));
        string script = CompletionScript.For("bash", "prog", _root)!;
        var start = new System.Diagnostics.ProcessStartInfo(path, [shell == "zsh" ? "-fc" : "-c", $"{stubs}{script}COMP_WORDS=({words}); COMP_CWORD={line.Split(' ').Length - 1}; _prog; echo \"${{COMPREPLY[@]}}\""]) { RedirectStandardOutput = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(completed, output.Trim());
    }

    [Fact]
    public void Fish_has_a_line_a_command_and_a_line_an_option()
    {
        string script = CompletionScript.For("fish", "prog", _root)!;

        Assert.Contains("complete -c prog -n __fish_use_subcommand -f -a get -d 'it\\'s got'\n", script, StringComparison.Ordinal);
        Assert.Contains("-l roles -s r -r -d ''\n", script, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_shell_has_none()
    {
        Assert.Null(CompletionScript.For("tcsh", "prog", _root));
    }
}
