using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests;

/// <summary>What `./build.sh run` shows: the example, run as its README says.</summary>
public sealed partial class StoryTests
{
    private static readonly string _story = Path.Combine(Published.Root, "examples", "paas-monitor", "story.sh");

    [Fact]
    public async Task The_story_runs_once_and_leaves_nothing_behind()
    {
        var outcome = await Published.RunAsync(_story, ["--once"], TimeSpan.FromMinutes(5));

        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Error);
        Assert.EndsWith("nothing left behind\n", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_sees_three_instances_through_nginx_until_Ctrl_C()
    {
        string? chromium = new[] { "/usr/bin/chromium", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(chromium is null, "no chromium is installed here, and apt-get could not bring it");
        using var directory = new TemporaryDirectory();
        await using var story = await Daemon.StartAsync(_story, [], () => Daemon.SucceedsAsync("http://127.0.0.1:8080/status"));
        string[] quiet =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", $"--user-data-dir={directory["profile"]}", "--window-size=1040,760",
        ];

        // The page asks four times a second: after six seconds of its time every instance has answered.
        var page = await Published.RunAsync(
            chromium!, [.. quiet, "--virtual-time-budget=6000", "--dump-dom", "http://127.0.0.1:8080/"], TimeSpan.FromMinutes(2));
        string[] instances = [.. InstanceRows().Matches(page.Output).Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal)];
        Assert.Equal(["paas-monitor@1", "paas-monitor@2", "paas-monitor@3"], instances);

        string picture = directory["page.png"];
        await Published.RunAsync(
            chromium!, [.. quiet, "--virtual-time-budget=6000", $"--screenshot={picture}", "http://127.0.0.1:8080/"], TimeSpan.FromMinutes(2));
        Assert.True(new FileInfo(picture).Length > 10_000, "the picture of the page is missing or empty");

        Assert.Equal(130, await story.EndAsync("INT"));
        foreach (int port in (int[])[2379, 4001, 8080, 13371, 13372, 13373])
        {
            Assert.False(await IsOpenAsync(port), string.Create(CultureInfo.InvariantCulture, $"port {port} is still open after Ctrl-C"));
        }
    }

    [GeneratedRegex("<tr[^>]*><td[^>]*>(paas-monitor@[0-9]+)</td>")]
    private static partial Regex InstanceRows();

    private static async Task<bool> IsOpenAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
