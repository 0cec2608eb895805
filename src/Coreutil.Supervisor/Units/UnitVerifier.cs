using System.Collections.Immutable;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>One thing that is wrong with a unit file, or that does something else than it seems to.</summary>
public sealed record UnitProblem(int Line, int Column, string What)
{
    public override string ToString() => $"{Line}:{Column}: {What}";
}

/// <summary>Reads a unit file as systemd would and says of every line what would come of it.</summary>
public sealed class UnitVerifier(SpecifierContext specifiers)
{
    private const string Refusal = " (load state bad-setting)";

    private readonly SettingRules _rules = new(specifiers);

    public ImmutableArray<UnitProblem> Verify(string name, string path, string text)
    {
        var problems = new List<UnitProblem>();
        if (UnitName.Refusal(name) is { } refusal)
        {
            problems.Add(new(1, 1, $"{refusal}: fleet takes no such unit"));
        }

        var content = UnitFileReader.Read(text);
        problems.AddRange(content.Remarks.Select(remark => new UnitProblem(remark.Line, remark.Column, remark.What)));
        if (UnitFileParser.Parse(text) is UnitFileResult.Refused { Failure: var failure })
        {
            problems.Add(new(failure.Line, failure.Column, $"{failure.What}: fleetctl refuses the file"));
        }

        foreach (var placed in content.Options)
        {
            problems.AddRange(Problems(name, placed.Option).Select(what => new UnitProblem(placed.Line, placed.Column, what)));
        }

        // What the whole of it lacks stands at its section; what a line lacks is told there.
        var definition = new UnitDefinitionLoader(specifiers).Load(name, new UnitSources(path, text, [], [], []));
        int line = content.Options.FirstOrDefault(placed => placed.Option.Section == UnitDefinitionLoader.OwnSection(name)).Line;
        string[] told = [.. problems.Select(problem => problem.What)];
        var untold = definition is { LoadError: { } error, Problems: [] } ? [error[(error.IndexOf(": ", StringComparison.Ordinal) + 2)..]]
            : definition.Problems.Where(problem => !told.Any(what => what.StartsWith(problem, StringComparison.Ordinal)));
        problems.AddRange(untold.Select(what => new UnitProblem(Math.Max(line, 1), 1, $"{what} (load state {definition.LoadState})")));

        return [.. problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)];
    }

    private IEnumerable<string> Problems(string unit, UnitOption option)
    {
        if (KnownSettings.Problem(option) is { } unknown)
        {
            return [unknown];
        }

        return option.Value.Length == 0 || !KnownSettings.HasSection(option.Section) ? []
            : option.Name.StartsWith("Exec", StringComparison.Ordinal) && option.Name != "ExecPaths" ? ExecProblems(unit, option)
            : option.Name == "Environment" ? EnvironmentProblems(unit, option.Value)
            : _rules.FaultsOf(unit, option)
                .Select(fault => $"{fault.What}{(fault.Advice.Length > 0 ? $" ({fault.Advice})" : "")}{(fault.Effect == FaultEffect.Refused ? Refusal : "")}");
    }

    private IEnumerable<string> EnvironmentProblems(string unit, string value) =>
        UnitWords.Split(value) is not { } words ? [$"Invalid syntax, ignoring: {value}"]
        : words.Select(word => word.Text).Select(word =>
            !Specifiers.AreKnown(word, unit, specifiers) ? $"Failed to resolve specifiers in {word}, ignoring: Invalid slot (a percent sign is written %%)"
            : EnvironmentText.ParseAssignment(Specifiers.Expand(word, unit, specifiers)) is null ? $"Invalid environment assignment, ignoring: {word}"
            : null).OfType<string>();

    private IEnumerable<string> ExecProblems(string unit, UnitOption option)
    {
        foreach (var word in (UnitWords.Split(option.Value) ?? []).Where(word => word.HasUnknownEscape))
        {
            yield return $"Ignoring unknown escape sequences: \"{option.Value[word.Start..]}\" (a backslash is written \\\\)";
        }

        switch (ExecLine.Parse(option.Value, word => Specifiers.AreKnown(word, unit, specifiers) ? Specifiers.Expand(word, unit, specifiers) : null))
        {
            case ExecLineResult.Refused refused:
                yield return $"{refused.What}{(!refused.IsFatal ? "" : option.Name == "ExecStart" ? Refusal : ": systemd refuses the unit (load state bad-setting), unitd ignores the line")}";
                break;
            case ExecLineResult.Parsed parsed:
                foreach (var command in parsed.Commands)
                {
                    if (command.HasDetachedPrefix)
                    {
                        yield return $"Empty path in command line{(command.IsFailureIgnored ? ", ignoring" : "")}: '{option.Value}': a blank stands between the prefix and {command.Path}; "
                            + $"systemd {(command.IsFailureIgnored ? "ignores the line" : "refuses the unit")}, unitd runs it: write them together";
                    }

                    // systemd says nothing of those whose failure counts for nothing, and neither would anybody else.
                    if (!command.IsFailureIgnored && WhyNotExecutable(command.Path) is { } why)
                    {
                        yield return $"Command {command.Path} is not executable: {why}: the command ends with 203/EXEC";
                    }
                }

                break;
        }
    }

    /// <summary>A name without a slash is searched where unitd searches it for a unit with no PATH of its own.</summary>
    private static string? WhyNotExecutable(string program)
    {
        string? found = program.Contains('/', StringComparison.Ordinal) ? File.Exists(program) ? program : null
            : HostFacts.ProgramDirectories.Split(':').Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
        return found is null ? SystemError.NoSuchFile
            : (File.GetUnixFileMode(found) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) == 0 ? SystemError.PermissionDenied
            : null;
    }
}
