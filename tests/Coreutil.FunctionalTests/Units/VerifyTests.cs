using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coreutil.FunctionalTests.Units;

/// <summary>One line in a unit of its section; why <c>unitctl verify</c> says something else of it than systemd, if it does.</summary>
internal sealed record UnitLine(int Number, string Section, string Text, string? Difference)
{
    private const string Differs = "# differs ";

    public static ImmutableArray<UnitLine> ReadAll()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Units", "Lines", "lines"));
        return
        [
            .. lines.Index().Where(line => line.Item.StartsWith('[')).Select(line => new UnitLine(
                line.Index + 1,
                line.Item[1..line.Item.IndexOf(']', StringComparison.Ordinal)],
                line.Item[(line.Item.IndexOf(']', StringComparison.Ordinal) + 2)..],
                line.Index > 0 && lines[line.Index - 1].StartsWith(Differs, StringComparison.Ordinal) ? lines[line.Index - 1][Differs.Length..] : null)),
        ];
    }

    /// <summary>A whole unit but for this line; a mount's name is its path.</summary>
    public string Unit => Section switch
    {
        "Timer" or "Path" or "Socket" or "Mount" or "Automount" => string.Create(CultureInfo.InvariantCulture, $"u{Number}.{Section.ToLowerInvariant()}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"u{Number}.service"),
    };

    public string Content => $"{Section switch
    {
        "Timer" => "[Timer]\nOnBootSec=1",
        "Path" => "[Path]\nPathExists=/x",
        "Socket" => "[Socket]\nListenStream=/run/x",
        "Mount" => "[Mount]\nWhat=tmpfs",
        "Automount" => "[Automount]",
        _ => "[Service]\nExecStart=/bin/true",
    }}\n[{Section}]\n{Text}\n";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}: [{Section}] {Text}");
}

/// <summary>All lines read by both programs, in the root directory of a host with systemd.</summary>
public sealed class VerifyRun : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();

    internal static ImmutableArray<UnitLine> Lines { get; } = UnitLine.ReadAll();

    internal ILookup<string, string> Systemd { get; private set; } = Empty;

    internal ILookup<string, string> Unitd { get; private set; } = Empty;

    private static ILookup<string, string> Empty { get; } = Array.Empty<string>().ToLookup(line => line);

    public async ValueTask InitializeAsync()
    {
        if (!NspawnHost.IsPossible)
        {
            return;
        }

        File.Copy(Published.Binary, _directory["coreutil"]);
        Directory.CreateDirectory(_directory["u"]);
        foreach (var line in Lines)
        {
            await File.WriteAllTextAsync(Path.Combine(_directory["u"], line.Unit), line.Content);
        }

        var systemd = await ReadAsync("systemd-analyze verify --man=no /mnt/u/*");
        Systemd = systemd.Error.Split('\n')
            .Select(line => Regex.Match(line, @"^(?:/mnt/u/)?(?<unit>u\d+\.\w+)(?::\d+)?: (?<what>.*)$"))
            .Where(line => line.Success && !IsAboutTheRun(line.Groups["what"].Value))
            .ToLookup(line => line.Groups["unit"].Value, line => line.Groups["what"].Value);
        var unitd = await ReadAsync("/mnt/coreutil unitctl verify /mnt/u/*");
        Unitd = unitd.Output.Split('\n')
            .Select(line => Regex.Match(line, @"^/mnt/u/(?<unit>u\d+\.\w+):\d+:\d+: (?<what>.*)$"))
            .Where(line => line.Success)
            .ToLookup(line => line.Groups["unit"].Value, line => line.Groups["what"].Value);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>systemd-analyze also tries to start the unit, and says once more that it cannot be loaded.</summary>
    private static bool IsAboutTheRun(string what) => Regex.IsMatch(what, "^(Failed to create .*|service .* not loaded, socket cannot be started.|Unit configuration has fatal error, unit will not be started.)$");

    private Task<Outcome> ReadAsync(string command) => Published.RunAsync(
        "unshare",
        ["--mount", "--propagation", "private", "sh", "-c", $"""
            mount --bind {_directory.Path} {NspawnHost.Root}/mnt && mount -t proc proc {NspawnHost.Root}/proc && exec chroot {NspawnHost.Root} sh -c '{command}'
            """]);
}

/// <summary><c>unitctl verify</c> says of a line what systemd says of it, and perhaps more behind that.</summary>
public sealed class VerifyTests(VerifyRun run) : IClassFixture<VerifyRun>
{
    public static TheoryData<string> Lines => [.. VerifyRun.Lines.Select(line => line.ToString())];

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_line_is_judged_as_systemd_judges_it(string line)
    {
        NspawnHost.SkipUnlessPossible();
        var tested = VerifyRun.Lines.Single(candidate => candidate.ToString() == line);
        string[] systemd = [.. run.Systemd[tested.Unit].Order(StringComparer.Ordinal)];
        string[] unitd = [.. run.Unitd[tested.Unit].Order(StringComparer.Ordinal)];
        bool isSame = systemd.Length == unitd.Length && systemd.Zip(unitd, (theirs, ours) => ours.StartsWith(theirs, StringComparison.Ordinal)).All(same => same);

        Assert.True(isSame == tested.Difference is null, $"systemd:\n{string.Join('\n', systemd)}\nunitd:\n{string.Join('\n', unitd)}\n");
    }
}
