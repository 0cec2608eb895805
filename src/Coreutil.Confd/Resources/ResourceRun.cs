using System.Collections.Immutable;
using System.Security.Cryptography;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;
using Coreutil.Core.CommandLine;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd.Resources;

/// <summary>One pass over one resource, in the order of confd.md §3: fetch, render, stage, compare, check, replace, reload.</summary>
internal sealed class ResourceRun(ConfdSettings settings, IBackend backend, ILogger log, TimeProvider time)
{
    /// <summary>Throws <see cref="ConfdException"/> or <see cref="TemplateException"/>; the destination is whole in any case.</summary>
    public async Task RunAsync(ResourceFile resource, CancellationToken cancel)
    {
        log.LoadingResource(resource.Path);
        var existing = File.Exists(resource.Destination) ? File.GetUnixFileMode(resource.Destination) : FileModes.Default;
        var mode = resource.Mode.Length > 0 ? FileModes.Parse(resource.Mode) : existing;
        var owner = FileOwner.Resolve(resource.Owner, resource.Group);
        byte[] content = await RenderAsync(resource, cancel);
        using var staged = StagedFile.Write(resource.Destination, content, mode, owner, settings.KeepsStagedFiles);
        if (settings.KeepsStagedFiles)
        {
            log.KeepingStagedFile(staged.Path);
        }

        log.Comparing(resource.Destination);
        bool isSame = IsSame(resource.Destination, content, mode, owner);
        if (settings.IsDryRun)
        {
            log.NothingModified(resource.Destination);
        }
        else if (isSame)
        {
            log.InSync(resource.Destination);
        }
        else
        {
            log.OutOfSync(resource.Destination);
            await ReplaceAsync(resource, staged, mode, owner, cancel);
        }
    }

    private async Task<byte[]> RenderAsync(ResourceFile resource, CancellationToken cancel)
    {
        log.RetrievingKeys();
        log.PrefixSet(resource.Prefix);
        var keys = KeyMap.Create(await backend.GetValuesAsync(resource.Keys, cancel), resource.Prefix);
        log.UsingTemplate(resource.TemplatePath);
        if (!File.Exists(resource.TemplatePath))
        {
            throw new ConfdException($"Missing template: {resource.TemplatePath}");
        }

        log.CompilingTemplate(resource.TemplatePath);
        var host = new HostView(name => settings.Environment.GetValueOrDefault(name), time);
        return Parse(resource.TemplatePath, await File.ReadAllBytesAsync(resource.TemplatePath, cancel), FunctionSet.Create(keys, host)).Execute(Value.Missing);
    }

    private static Template Parse(string path, byte[] text, IEnumerable<TemplateFunction> functions)
    {
        try
        {
            return Template.Parse(Path.GetFileName(path), text, functions);
        }
        catch (TemplateException bad)
        {
            throw new ConfdException($"Unable to process template {path}, {bad.Message}", bad);
        }
    }

    /// <summary>Each difference is told. What cannot be looked at is different.</summary>
    private bool IsSame(string destination, byte[] content, UnixFileMode mode, FileOwner owner)
    {
        if (!File.Exists(destination) || FileOwner.Of(destination) is not { } actual)
        {
            return false;
        }

        bool isSame = true;
        if (actual.User != owner.User)
        {
            log.DifferentUser(destination, actual.User, owner.User);
            isSame = false;
        }

        if (actual.Group != owner.Group)
        {
            log.DifferentGroup(destination, actual.Group, owner.Group);
            isSame = false;
        }

        var actualMode = File.GetUnixFileMode(destination);
        if (actualMode != mode)
        {
            log.DifferentMode(destination, FileModes.Describe(actualMode), FileModes.Describe(mode));
            isSame = false;
        }

        string found = Sum(File.ReadAllBytes(destination));
        string wanted = Sum(content);
        if (found != wanted)
        {
            log.DifferentContent(destination, found, wanted);
            isSame = false;
        }

        return isSame;
    }

#pragma warning disable CA5351 // The sum is a name for the content in the log, as the original prints it; no secret depends on it.
    private static string Sum(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));
#pragma warning restore CA5351

    private async Task ReplaceAsync(ResourceFile resource, StagedFile staged, UnixFileMode mode, FileOwner owner, CancellationToken cancel)
    {
        if (!settings.IsSyncOnly && resource.CheckCommand.Length > 0)
        {
            await CheckAsync(resource, staged, cancel);
        }

        log.Overwriting(resource.Destination);
        if (staged.Replace(mode, owner))
        {
            log.RenameFailed();
        }

        if (!settings.IsSyncOnly && resource.ReloadCommand.Length > 0)
        {
            string? failure = await ExecuteAsync(resource.ReloadCommand, cancel);
            if (failure is not null)
            {
                throw new ConfdException(failure);
            }
        }

        log.Updated(resource.Destination);
    }

    /// <summary>The command is a template itself: <c>{{.src}}</c> is the staged file.</summary>
    private async Task CheckAsync(ResourceFile resource, StagedFile staged, CancellationToken cancel)
    {
        try
        {
            var data = new GoMap { ["src"] = GoText.FromUtf16(staged.Path) };
            byte[] command = Template.Parse("checkcmd", GoText.ToBytes(GoText.FromUtf16(resource.CheckCommand)), []).Execute(Value.Of(data));
            string? failure = await ExecuteAsync(System.Text.Encoding.UTF8.GetString(command), cancel);
            if (failure is not null)
            {
                throw new ConfdException($"Config check failed: {failure}");
            }
        }
        catch (TemplateException bad)
        {
            throw new ConfdException($"Config check failed: {bad.Message}", bad);
        }
    }

    private async Task<string?> ExecuteAsync(string command, CancellationToken cancel)
    {
        log.RunningCommand(command);
        var result = await ShellCommand.RunAsync(command, settings.Environment, time, cancel);
        string output = GoQuote.Quote(result.Output);
        if (result.Failure is null)
        {
            log.CommandOutput(output);
        }
        else
        {
            log.FailedCommandOutput(output);
        }

        return result.Failure;
    }
}
