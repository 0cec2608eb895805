using Coreutil.Core.Applets;

namespace Coreutil.Tests.Architecture;

public sealed class AppletTableTests
{
    public static TheoryData<string> Names => [.. AppletTable.All.Select(applet => applet.Name)];

    [Fact]
    public void Names_are_unique() => Assert.Equal(AppletTable.All.Length, AppletTable.All.Select(applet => applet.Name).Distinct().Count());

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_applet_has_its_page_in_the_manual(string name)
    {
        var applet = Assert.Single(AppletTable.All, applet => applet.Name == name);

        Assert.True(
            applet.IsHidden || File.Exists(Path.Combine(Repository.Root, "man", $"{applet.Name}.{applet.ManSection}")),
            $"man/{applet.Name}.{applet.ManSection} is missing");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_visible_applet_answers_help_with_success(string name)
    {
        var applet = Assert.Single(AppletTable.All, applet => applet.Name == name);
        if (applet.IsHidden)
        {
            return;
        }

        var output = new StringWriter();
        var context = new AppletContext
        {
            Out = output,
            Error = output,
            In = TextReader.Null,
            InvokedAs = name,
            ExecutablePath = "/proc/self/exe",
            Environment = [],
        };

        Assert.Equal(0, await applet.Style.InvokeAsync(applet.CreateCommand(context), context, ["--help"], CancellationToken.None));
        Assert.NotEmpty(output.ToString());
    }
}
