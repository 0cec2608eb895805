using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.FunctionalTests.Units;

/// <summary>One line of the table of commands; why the managers differ there, if they do.</summary>
internal sealed record CommandLine(int Number, string Text, string? Difference)
{
    public static ImmutableArray<CommandLine> ReadAll()
    {
        const string differs = "# differs ";
        string[] lines = File.ReadAllLines(CommandRun.Source("commands"));
        return
        [
            .. lines.Index().Where(line => line.Item.Length > 0 && line.Item[0] is not ('#' or '!')).Select(line => new CommandLine(
                line.Index + 1, line.Item, lines[line.Index - 1].StartsWith(differs, StringComparison.Ordinal) ? lines[line.Index - 1][differs.Length..] : null)),
        ];
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}: {Text}");
}

/// <summary>The same unit files under real systemd and under unitd in one host, and every command given to systemctl and to unitctl.</summary>
public sealed class CommandRun : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<(string Manager, int Number), Outcome> _outcomes = [];

    internal static ImmutableArray<CommandLine> Commands { get; } = CommandLine.ReadAll();

    internal static string Source(string file) => Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Units", "Commands", file);

    internal Outcome Of(string manager, CommandLine command) => _outcomes[(manager, command.Number)];

    public async ValueTask InitializeAsync()
    {
        if (!NspawnHost.IsPossible)
        {
            return;
        }

        await using var host = await NspawnHost.StartAsync(_directory["host"], upper => Task.Run(() => Prepare(upper)));
        await host.StartInsideAsync("unshare --mount --propagation private /t/bin/coreutil unitd --state-dir /run/unitd --unit-path /t/unitd/units 2>/t/unitd/log");
        await host.RunAsync("until /t/bin/coreutil unitctl --state-dir /run/unitd list-units >/dev/null; do sleep 0.1; done");
        await Task.WhenAll(((string[])["systemd", "unitd"]).Select(manager => host.RunAsync($"/t/bin/compare {manager}", TimeSpan.FromMinutes(3))));
        foreach (string manager in (string[])["systemd", "unitd"])
        {
            string results = host.Inside($"/t/{manager}/results");
            Assert.True(File.Exists($"{results}/ended"), $"the commands for {manager} did not come to an end");
            foreach (int number in Commands.Select(command => command.Number))
            {
                _outcomes[(manager, number)] = new(
                    int.Parse(File.ReadAllText($"{results}/{number}.code"), CultureInfo.InvariantCulture), File.ReadAllText($"{results}/{number}.out"), File.ReadAllText($"{results}/{number}.err"));
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>systemd reads its files where a package would put them, so that links made in /etc are to them what unitd's are to its unit path.</summary>
    private static void Prepare(string upper)
    {
        string tools = Path.Combine(upper, "t", "bin");
        Directory.CreateDirectory(tools);
        File.Copy(Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Units", "Host", "compare"), Path.Combine(tools, "compare"));
        File.Copy(Published.Binary, Path.Combine(tools, "coreutil"));
        File.Copy(Source("commands"), Path.Combine(upper, "t", "commands"));
        Write("systemd", Path.Combine(upper, "usr", "local", "lib", "systemd", "system"), number: "1");
        Write("unitd", Path.Combine(upper, "t", "unitd", "units"), number: "2");

        void Write(string manager, string units, string number)
        {
            Directory.CreateDirectory(Path.Combine(upper, "t", manager));
            foreach (string file in Directory.EnumerateFiles(Source("Units"), "*", SearchOption.AllDirectories))
            {
                string copy = Path.Combine(units, Path.GetRelativePath(Source("Units"), file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.WriteAllText(copy, File.ReadAllText(file).Replace("@N@", number, StringComparison.Ordinal));
            }

            File.CreateSymbolicLink(Path.Combine(units, "z-masked.service"), "/dev/null");
        }
    }
}
