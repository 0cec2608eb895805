using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;

namespace Coreutil.Tests;

public sealed class MulticallTests : IDisposable
{
    private static readonly ImmutableArray<Applet> _applets = [Echo("etcd", isInstalled: true), Echo("node", isInstalled: false)];

    private readonly string _directory = Directory.CreateTempSubdirectory("coreutil-multicall-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("etcd a", 0, "etcd ran: a\n", "")]
    [InlineData("/opt/bin/etcd a", 0, "etcd ran: a\n", "")] // a link's name decides, wherever it lies
    [InlineData("coreutil etcd a", 0, "etcd ran: a\n", "")]
    [InlineData("coreutil --list", 0, "etcd\nnode\n", "")]
    [InlineData("coreutil nope", 127, "", "coreutil: unknown applet 'nope'; 'coreutil --list' names the applets\n")]
    [InlineData("coreutil help nope", 127, "", "coreutil: unknown applet 'nope'; 'coreutil --list' names the applets\n")]
    [InlineData("coreutil --nope", 2, "", "coreutil: unknown option '--nope'; 'coreutil --list' names the applets\n")]
    public async Task The_applet_is_the_called_name_or_the_first_argument(string commandLine, int exitCode, string output, string error)
    {
        var (code, written, complaint) = await RunAsync(commandLine.Split(' '));

        Assert.Equal((exitCode, output, error), (code, written, complaint));
    }

    [Theory]
    [InlineData("coreutil")]
    [InlineData("coreutil --help")]
    [InlineData("coreutil help")]
    public async Task Alone_it_lists_the_applets(string commandLine)
    {
        var (code, written, _) = await RunAsync(commandLine.Split(' '));

        Assert.Equal(0, code);
        Assert.Contains("\n  etcd ", written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Install_links_the_historic_programs_only(bool isHard)
    {
        string bin = Path.Combine(_directory, "new", "bin");

        string[] install = ["coreutil", "--install", bin];
        var (code, _, error) = await RunAsync(isHard ? [.. install, "--hard"] : install);

        Assert.Equal((0, ""), (code, error));
        var link = new FileInfo(Assert.Single(Directory.GetFiles(bin)));
        Assert.Equal("etcd", link.Name);
        Assert.Equal(isHard ? null : Binary, link.LinkTarget);
        Assert.Equal("the binary", await File.ReadAllTextAsync(link.FullName));
        Assert.Equal(0, (await RunAsync(install)).Code); // and again over its own links
    }

    [Fact]
    public async Task Install_never_replaces_a_foreign_file_without_force()
    {
        string foreign = Path.Combine(_directory, "etcd");
        await File.WriteAllTextAsync(foreign, "somebody's etcd");

        var refused = await RunAsync(["coreutil", "--install", _directory]);
        Assert.Equal(1, refused.Code);
        Assert.Contains(foreign, refused.Error, StringComparison.Ordinal);
        Assert.Equal("somebody's etcd", await File.ReadAllTextAsync(foreign));

        Assert.Equal(0, (await RunAsync(["coreutil", "--install", _directory, "--force"])).Code);
        Assert.Equal(Binary, new FileInfo(foreign).LinkTarget);
    }

    private string Binary => Path.Combine(_directory, "binary");

    private async Task<(int Code, string Output, string Error)> RunAsync(string[] commandLine)
    {
        await File.WriteAllTextAsync(Binary, "the binary");
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        var context = new AppletContext
        {
            Out = output,
            Error = error,
            In = TextReader.Null,
            InvokedAs = commandLine[0],
            ExecutablePath = Binary,
            Environment = [],
        };
        int code = await Multicall.RunAsync(_applets, context, commandLine, CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    private static Applet Echo(string name, bool isInstalled) => new()
    {
        Name = name,
        Summary = $"stands for {name}",
        ManSection = 1,
        IsInstalled = isInstalled,
        CreateCommand = context =>
        {
            var word = new Argument<string>("word");
            var root = new RootCommand { word };
            root.SetAction(parsed => context.Out.WriteLine($"{name} ran: {parsed.GetValue(word)}"));
            return root;
        },
    };
}
