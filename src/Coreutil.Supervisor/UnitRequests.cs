using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Coreutil.Supervisor.Properties;
using Coreutil.Supervisor.Units;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor;

/// <summary>What unitd answers to each verb; the work is done on the supervisor's loop.</summary>
internal sealed class UnitRequests(UnitSupervisor supervisor, TimeProvider time, Action shutDown)
{
    private const int ExitUsage = 2;

    private readonly JobRequests _jobs = new(supervisor);
    private readonly UnitLists _lists = new(time);

    public async Task<UnitdReply> AnswerAsync(UnitdRequest request, CancellationToken cancel)
    {
        switch (request.Verb)
        {
            case "ping" or "monitor":
                return new UnitdReply();
            case "load":
                return await DoAsync(() => supervisor.Load(request.Names[0], request.Text));
            case "unload":
                return await _jobs.UnloadAsync(request.Names[0]);
            case "daemon-reload":
                return await DoAsync(supervisor.ReloadAll);
            case "start" or "stop" or "restart" or "try-restart" or "reload" or "reload-or-restart" or "try-reload-or-restart":
                return await _jobs.RunAsync(request);
            case "kill":
                return await EachAsync(request, name => Kill(name, request.Signal, request.Who));
            case "reset-failed":
                return await EachAsync(request, ResetFailed);
            case "states":
                return await supervisor.AskAsync(units => new UnitdReply
                {
                    Generation = units.Generation,
                    Units = request.Names.Length == 0
                        ? [.. units.All.Select(unit => UnitRow.Of(unit, unit.Name))]
                        : [.. request.Names.Select(name => UnitRow.Of(units.Find(name), name))],
                });
            case "list-units":
                return await supervisor.AskAsync(units => new UnitdReply { Units = UnitLists.Units(units, request) });
            case "list-timers":
                return await supervisor.AskAsync(units => new UnitdReply { Rows = _lists.Timers(units, request) });
            case "list-sockets":
                return await supervisor.AskAsync(units => new UnitdReply { Rows = UnitLists.Sockets(units, request) });
            case "list-unit-files":
                return await supervisor.AskAsync(units => new UnitdReply { Rows = UnitLists.Files(units, request) });
            case "loaded":
                return new UnitdReply { Texts = await supervisor.AskAsync(units => units.Loaded) };
            case "status":
                return await supervisor.AskAsync(units => Status(units, request));
            case "show":
                return await supervisor.AskAsync(units => Show(units, request));
            case "enable" or "disable" or "mask" or "unmask":
                return await supervisor.AskAsync(units => Install(units, request));
            case "is-enabled":
                return await supervisor.AskAsync(units => FileStates(units, request.Names));
            case "cat":
                return await supervisor.AskAsync(units => Cat(units, request));
            case "journal":
                return await supervisor.AskAsync(units => units.Find(request.Names[0]) is not null
                    ? new UnitdReply()
                    : new UnitdReply { ExitCode = 1, Error = $"Unit {request.Names[0]} could not be found." });
            case "wait":
                return new UnitdReply { Generation = await supervisor.WaitForChangeAsync(request.Generation, cancel) };
            case "shutdown":
                shutDown();
                return new UnitdReply();
            default:
                return new UnitdReply { ExitCode = ExitUsage, Error = $"unknown verb '{request.Verb}'" };
        }
    }

    private Task<UnitdReply> DoAsync(Action act) => supervisor.AskAsync(_ =>
    {
        act();
        return new UnitdReply();
    });

    /// <summary>Each unit for itself; what went wrong with some is told, and the exit code is 1.</summary>
    private Task<UnitdReply> EachAsync(UnitdRequest request, Func<string, string?> act) => supervisor.AskAsync(units =>
    {
        string[] errors = [.. UnitPatterns.Expand(units, request.Names, request.IsAll).Select(act).OfType<string>()];
        return new UnitdReply { Error = string.Join('\n', errors), ExitCode = errors.Length > 0 ? 1 : 0 };
    });

    /// <summary>As systemd has it, which does not load a unit for what only a loaded one can be asked.</summary>
    private SupervisedUnit? FindInMemory(string name) => supervisor.Find(name) is { } unit && supervisor.IsInMemory(unit) ? unit : null;

    private string? Kill(string name, int signal, string who) => FindInMemory(name) switch
    {
        null => $"Failed to kill unit {name}: Unit {name} not loaded.",
        ServiceUnit service => service.TrySignal(signal, who) is { } why ? $"Failed to kill unit {name}: {why}" : null,
        _ => $"Failed to kill unit {name}: Operation not supported",
    };

    private string? ResetFailed(string name)
    {
        if (FindInMemory(name) is not { } unit)
        {
            return $"Failed to reset failed state of unit {name}: Unit {name} not loaded.";
        }

        unit.ResetFailed();
        return null;
    }

    private static UnitdReply Show(UnitSupervisor units, UnitdRequest request)
    {
        var names = UnitPatterns.Expand(units, request.Names, request.IsAll);
        return names.FirstOrDefault(UnitName.IsTemplate) is { } template
            ? new UnitdReply { ExitCode = 1, Error = $"Failed to get properties: Unit name {template} is neither a valid invocation ID nor unit name." }
            : new UnitdReply
            {
                Text = string.Join('\n', names.Select(name => string.Concat(UnitProperties.Of(units, name).Select(property => $"{property.Key}={property.Value}\n")))),
            };
    }

    private UnitdReply Status(UnitSupervisor units, UnitdRequest request)
    {
        var names = UnitPatterns.Expand(units, request.Names, request.IsAll);
        if (names.FirstOrDefault(UnitName.IsTemplate) is { } template)
        {
            return new UnitdReply { ExitCode = 1, Error = $"Failed to get properties: Unit name {template} is neither a valid invocation ID nor unit name." };
        }

        var shown = names.Select(name => StatusText.Format(units, name, time.GetUtcNow(), HostFacts.HostName, request.Lines)).ToArray();
        return new UnitdReply
        {
            Text = string.Join('\n', shown.Where(unit => unit.ExitCode != 4).Select(unit => unit.Text)),
            Error = string.Join('\n', [
                .. shown.Where(unit => unit.ExitCode == 4).Select(unit => unit.Text.TrimEnd('\n')),
                .. names.Where(name => units.Find(name) is { } unit && units.IsStale(unit.Definition)).Select(StatusText.StaleWarning)]),
            ExitCode = shown.Select(unit => unit.ExitCode).FirstOrDefault(code => code != 0),
        };
    }

    private static UnitdReply Install(UnitSupervisor units, UnitdRequest request)
    {
        var outcome = request.Verb switch
        {
            "enable" => units.Installer.Enable(request.Names, request.IsForced),
            "disable" => units.Installer.Disable(request.Names),
            "mask" => units.Installer.Mask(request.Names, request.IsForced),
            _ => units.Installer.Unmask(request.Names),
        };

        // What was linked counts at once, without a daemon-reload.
        units.ReloadAll();
        string[] advice = outcome.IsWithoutSection && request.Verb == "enable" ? [InstallAdvice] : [];
        return new UnitdReply
        {
            Error = string.Join('\n', outcome.Said.Concat(advice).Concat(outcome.Refusal is { } refusal ? [refusal] : [])),
            ExitCode = outcome.Refusal is null ? 0 : 1,
        };
    }

    /// <summary>systemctl's text, less what only systemd does.</summary>
    private const string InstallAdvice = """
        The unit files have no installation config (WantedBy=, RequiredBy=, Also=,
        Alias= settings in the [Install] section, and DefaultInstance= for template
        units). This means they are not meant to be enabled using unitctl.
        """;

    private static UnitdReply FileStates(UnitSupervisor units, ImmutableArray<string> names)
    {
        var states = new List<string>();
        foreach (string name in names)
        {
            string state = units.Installer.StateOf(name);
            if (state.Length == 0)
            {
                return new UnitdReply { Text = Lines(), Error = $"Failed to get unit file state for {name}: No such file or directory", ExitCode = 1 };
            }

            states.Add(state);
        }

        return new UnitdReply { Text = Lines(), ExitCode = states.Any(state => state is "enabled" or "static" or "indirect") ? 0 : 1 };

        string Lines() => string.Concat(states.Select(state => $"{state}\n"));
    }

    private static UnitdReply Cat(UnitSupervisor units, UnitdRequest request)
    {
        var text = new StringBuilder();
        var errors = new List<string>();
        var warnings = new List<string>();
        foreach (string name in UnitPatterns.Expand(units, request.Names, request.IsAll))
        {
            if (units.Files.Find(name) is not { } sources)
            {
                errors.Add($"No files found for {name}.");
                continue;
            }

            if (new FileInfo(sources.Path).LinkTarget == "/dev/null")
            {
                text.Append(text.Length == 0 ? "" : "\n").Append(CultureInfo.InvariantCulture, $"# Unit {name} is masked.\n");
                continue;
            }

            if (units.Find(name) is { } unit && units.IsStale(unit.Definition))
            {
                warnings.Add($"""
                    # Warning: {name} changed on disk, the version unitd has loaded is outdated.
                    # This output shows the current version of the unit's original fragment and drop-in files.
                    # Run 'unitctl daemon-reload' to reload units.
                    """);
            }

            foreach (var (file, content) in sources.DropIns.Prepend((sources.Path, sources.Text)))
            {
                text.Append(text.Length == 0 ? "" : "\n").Append(CultureInfo.InvariantCulture, $"# {file}\n").Append(content);
            }
        }

        return new UnitdReply { Text = text.ToString(), Error = string.Join('\n', warnings.Concat(errors)), ExitCode = errors.Count > 0 ? 1 : 0 };
    }
}
