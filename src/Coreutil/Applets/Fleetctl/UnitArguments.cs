using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Core.Applets;
using Coreutil.Fleet.Api;
using Coreutil.Fleet.Jobs;
using Coreutil.Units.Files;

namespace Coreutil.Applets.Fleetctl;

/// <summary>Why the units of a command line could not be created; the message goes behind <c>Error creating units: </c>.</summary>
internal sealed class UnitCreationException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// From arguments to units in the registry: a unit that is there is kept; else a local file, a template of the registry, or a template file beside the
/// argument makes it (reference: fleet §g). Not atomic: earlier arguments stay created.
/// </summary>
internal sealed class UnitArguments(IFleetApi api, AppletContext context, TimeProvider time)
{
    private static readonly ImmutableArray<string> _knownRequirements =
    [
        "MachineID", "X-ConditionMachineID", "X-ConditionMachineBootID", "MachineOf", "X-ConditionMachineOf", "MachineMetadata",
        "X-ConditionMachineMetadata", "Conflicts", "X-Conflicts", "Replaces", "Global",
    ];

    /// <summary>Makes sure that each named unit exists; returns their names, and those that were created or replaced just now.</summary>
    /// <param name="arguments">Names or paths.</param>
    /// <param name="isReplacing">--replace was given.</param>
    /// <param name="replaceableStates">Desired states in which this command may replace a unit's content.</param>
    /// <param name="cancel">Ends it between two units.</param>
    /// <exception cref="UnitCreationException">One of them cannot be made.</exception>
    public async Task<(ImmutableArray<string> Names, ImmutableArray<string> Created)> CreateAsync(
        IReadOnlyList<string> arguments, bool isReplacing, ImmutableArray<string> replaceableStates, CancellationToken cancel)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        var created = ImmutableArray.CreateBuilder<string>();
        foreach (string argument in arguments)
        {
            string name = UnitName.Mangle(argument);
            string path = Path.Combine(Path.GetDirectoryName(argument) ?? "", name);
            names.Add(name);
            if (await api.FindUnitAsync(name, cancel) is { } present)
            {
                if (await ReplaceAsync(present, path, isReplacing, replaceableStates, cancel))
                {
                    created.Add(name);
                }

                continue;
            }

            await CreateOneAsync(name, await FindFileAsync(name, path, cancel), cancel);
            created.Add(name);
        }

        return (names.ToImmutable(), created.ToImmutable());
    }

    private async Task<UnitFile> FindFileAsync(string name, string path, CancellationToken cancel)
    {
        if (ReadLocal(name, path) is { } local)
        {
            return local;
        }

        if (UnitName.Template(name) is not { } template)
        {
            throw new UnitCreationException($"unable to find Unit({name}) in Registry or on filesystem");
        }

        return (await api.FindUnitAsync(template, cancel))?.File
            ?? ReadLocal(template, Path.Combine(Path.GetDirectoryName(path) ?? "", template))
            ?? throw new UnitCreationException(
                $"failed getting Unit({name}) from template: unable to find template Unit({template}) in Registry or on filesystem");
    }

    private async Task CreateOneAsync(string name, UnitFile file, CancellationToken cancel)
    {
        if (UnitName.Refusal(name) is { } badName)
        {
            throw new UnitCreationException(badName);
        }

        var demands = file.Options.Where(option => option.Section == XFleetRequirements.Section).ToArray();
        if (XFleetRequirements.Read(name, demands.Select(option => (option.Name, option.Value))).FindContradiction() is { } contradiction)
        {
            throw new UnitCreationException(contradiction);
        }

        foreach (var unknown in demands.Where(option => !_knownRequirements.Contains(option.Name)))
        {
            string stamp = time.GetLocalNow().ToString("yyyy/MM/dd HH:mm:ss", CultureInfo.InvariantCulture);
            await context.Error.WriteLineAsync($"{stamp} WARN fleetctl.go:674: Unit {name}: unrecognized requirement in [X-Fleet] section: \"{unknown.Name}\"");
        }

        try
        {
            await api.PutUnitAsync(name, "inactive", file.Options, cancel);
        }
        catch (FleetApiException refused)
        {
            throw new UnitCreationException($"failed creating unit {name}: {refused.Message}", refused);
        }
    }

    /// <summary>Compares a known unit with the local file, if there is one; true when its content was replaced.</summary>
    private async Task<bool> ReplaceAsync(UnitEntry present, string path, bool isReplacing, ImmutableArray<string> replaceableStates, CancellationToken cancel)
    {
        string? template = UnitName.Template(present.Name);
        string templatePath = template is null ? "" : Path.Combine(Path.GetDirectoryName(path) ?? "", template);
        var local = ReadLocal(present.Name, path) ?? (template is null ? null : ReadLocal(present.Name, templatePath));
        if (local is null)
        {
            return false;
        }

        bool isSame = local.Serialise() == present.File.Serialise();
        if (!isReplacing)
        {
            if (!isSame)
            {
                await context.Error.WriteLineAsync(
                    $"WARNING: Unit {present.Name} in registry differs from local unit file {Path.GetFileName(path)}. Add --replace to override.".AsMemory(), cancel);
            }

            return false;
        }

        if (isSame)
        {
            await context.Out.WriteLineAsync($"Found same Unit({present.Name}) in Registry, nothing to do".AsMemory(), cancel);
            return false;
        }

        if (!replaceableStates.Contains(present.DesiredState))
        {
            await context.Error.WriteLineAsync(
                $"Warning: can not replace Unit({present.Name}) in state '{present.DesiredState}', use the appropriate command".AsMemory(), cancel);
            return false;
        }

        await CreateOneAsync(present.Name, local, cancel);
        return true;
    }

    /// <summary>The file's content, links followed; null when there is none.</summary>
    private static UnitFile? ReadLocal(string name, string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return UnitFileParser.Parse(File.ReadAllText(path)) switch
            {
                UnitFileResult.Parsed parsed => parsed.File,
                UnitFileResult.Refused { Failure: var failure } =>
                    throw new UnitCreationException($"failed getting Unit({name}) from file: {failure.What} ({path}:{failure.Line}:{failure.Column})"),
                _ => throw new InvalidOperationException("unknown result"),
            };
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UnitCreationException($"failed getting Unit({name}) from file: {unreadable.Message}", unreadable);
        }
    }
}
