using System.Collections.Immutable;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Resources;
using Coreutil.Confd.Templates;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd;

/// <summary>Reads everything and renders nothing: tells all that is wrong with a configuration, misspelt keys included.</summary>
public sealed class Validation(ConfdSettings settings, ConfdToml toml, ILogger log)
{
    /// <summary>The exit code: 1 when anything is wrong.</summary>
    public int Run()
    {
        var faults = new List<string>(toml.UnknownKeys.Select(key => $"{toml.Path}: unknown key {key}"));
        try
        {
            foreach (string path in ResourceFile.Discover(settings.ConfigDirectory))
            {
                Check(path, faults);
            }

            faults.AddRange(TemplateFile.Partials(settings.ConfigDirectory).SelectMany(FaultsOf));
        }
        catch (Exception unreadable) when (unreadable is ConfdException or IOException or UnauthorizedAccessException)
        {
            faults.Add(unreadable.Message);
        }

        foreach (string fault in faults)
        {
            log.Failed(fault);
        }

        return faults.Count > 0 ? 1 : 0;
    }

    private static ImmutableArray<TemplateFunction> Functions() =>
        [.. FunctionSet.Create(KeyMap.Create([], "/"), new HostView(_ => null, TimeProvider.System))];

    private void Check(string path, List<string> faults)
    {
        try
        {
            var resource = ResourceFile.Load(path, settings);
            faults.AddRange(resource.UnknownKeys.Select(key => $"{path}: unknown key {key}"));
            if (resource.Destination.Length == 0)
            {
                faults.Add($"{path}: no dest");
            }

            if (resource.Mode.Length > 0)
            {
                FileModes.Parse(resource.Mode);
            }

            FileOwner.Resolve(resource.Owner, resource.Group);
            if (File.Exists(resource.TemplatePath))
            {
                TemplateFile.Parse(resource.TemplatePath, Functions(), resource.Delimiters, []);
            }
            else
            {
                faults.Add($"{path}: Missing template: {resource.TemplatePath}");
            }

            Template.Parse("checkcmd", System.Text.Encoding.UTF8.GetBytes(resource.CheckCommand), []);
        }
        catch (Exception fault) when (fault is ConfdException or TemplateException)
        {
            faults.Add(fault.Message.Contains(path, StringComparison.Ordinal) ? fault.Message : $"{path}: {fault.Message}");
        }
    }

    private static IEnumerable<string> FaultsOf(TemplateSource partial)
    {
        string? fault = null;
        try
        {
            Template.Parse(partial.Name, partial.Bytes, Functions());
        }
        catch (TemplateException bad)
        {
            fault = $"partial {partial.Name}: {bad.Message}";
        }

        return fault is null ? [] : [fault];
    }
}
