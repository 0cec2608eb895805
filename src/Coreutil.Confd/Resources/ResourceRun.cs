using System.Collections.Immutable;
using System.Security.Cryptography;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;
using Coreutil.Core.CommandLine;
using Coreutil.Core.Net;
using Microsoft.Extensions.Logging;

namespace Coreutil.Confd.Resources;

/// <summary>What a pass over one resource came to.</summary>
internal enum RunOutcome
{
    InSync,

    /// <summary>It differs, and nothing was to be changed.</summary>
    Pending,
    Replaced,
}

/// <summary>One pass over one resource, in the order of confd.md §3: fetch, render, stage, compare, check, replace. The reload is the batch's.</summary>
/// <param name="settings">Of the whole program.</param>
/// <param name="backend">Where the keys come from.</param>
/// <param name="log">The fixed texts.</param>
/// <param name="time">For templates that ask for it, and for timeouts.</param>
/// <param name="diff">Takes what would change; null where nobody wants to see it.</param>
internal sealed class ResourceRun(ConfdSettings settings, IBackend backend, ILogger log, TimeProvider time, TextWriter? diff = null)
{
    /// <summary>Throws <see cref="ConfdException"/> or <see cref="TemplateException"/>; the destination is whole in any case.</summary>
    public async Task<RunOutcome> RunAsync(ResourceFile configured, CancellationToken cancel)
    {
        log.LoadingResource(configured.Path);
        var resource = configured.FollowsLinks ? configured with { Destination = TargetOf(configured.Destination) } : configured;
        var existing = FileOwner.IsFile(resource.Destination) ? File.GetUnixFileMode(resource.Destination) : FileModes.Default;
        var mode = resource.Mode.Length > 0 ? FileModes.Parse(resource.Mode) : existing;
        var owner = FileOwner.Resolve(resource.Owner, resource.Group);
        byte[] content = await RenderAsync(resource, cancel);
        if (resource.CreatesDirectories && !TryMakeDirectory(resource.Destination))
        {
            return await TellPendingAsync(resource, content);
        }

        using var staged = StagedFile.Write(resource.Destination, content, mode, owner, settings.KeepsStagedFiles);
        if (settings.KeepsStagedFiles)
        {
            log.KeepingStagedFile(staged.Path);
        }

        log.Comparing(resource.Destination);
        bool isSame = IsSame(resource.Destination, content, mode, owner);
        if (settings.IsDryRun)
        {
            return isSame ? Unchanged(resource, isDryRun: true) : await TellPendingAsync(resource, content);
        }

        if (isSame)
        {
            return Unchanged(resource, isDryRun: false);
        }

        log.OutOfSync(resource.Destination);
        await ReplaceAsync(resource, staged, mode, owner, cancel);
        return RunOutcome.Replaced;
    }

    /// <summary>The failure, or null.</summary>
    public Task<string?> ReloadAsync(string command, TimeSpan? timeout, CancellationToken cancel) => ExecuteAsync(command, timeout, cancel);

    private RunOutcome Unchanged(ResourceFile resource, bool isDryRun)
    {
        // The original says so of every resource, whether it differs or not.
        if (isDryRun)
        {
            log.NothingModified(resource.Destination);
        }
        else
        {
            log.InSync(resource.Destination);
        }

        return RunOutcome.InSync;
    }

    private async Task<RunOutcome> TellPendingAsync(ResourceFile resource, byte[] content)
    {
        log.NothingModified(resource.Destination);
        if (diff is not null)
        {
            string before = FileOwner.IsFile(resource.Destination) ? await File.ReadAllTextAsync(resource.Destination) : "";
            await diff.WriteAsync(UnifiedDiff.Create(
                FileOwner.IsFile(resource.Destination) ? resource.Destination : "/dev/null", before, resource.Destination, System.Text.Encoding.UTF8.GetString(content)));
        }

        return RunOutcome.Pending;
    }

    /// <summary>False where the directory is missing and nothing may be changed.</summary>
    private bool TryMakeDirectory(string destination)
    {
        if (Path.GetDirectoryName(destination) is not { Length: > 0 } directory || Directory.Exists(directory))
        {
            return true;
        }

        if (settings.IsDryRun)
        {
            return false;
        }

        try
        {
            Directory.CreateDirectory(directory);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"mkdir {directory}: {refused.Message}", refused);
        }
    }

    private static string TargetOf(string destination)
    {
        try
        {
            return File.ResolveLinkTarget(destination, returnFinalTarget: true)?.FullName ?? destination;
        }
        catch (IOException loop)
        {
            throw new ConfdException($"readlink {destination}: {loop.Message}", loop);
        }
    }

    private async Task<byte[]> RenderAsync(ResourceFile resource, CancellationToken cancel)
    {
        log.RetrievingKeys();
        log.PrefixSet(resource.Prefix);
        var pairs = await backend.GetValuesAsync(new KeyRequest(resource.Keys, resource.IsOptional), cancel);
        var keys = KeyMap.Create(pairs, resource.Prefix);
        log.UsingTemplate(resource.TemplatePath);
        if (Directory.Exists(resource.TemplatePath))
        {
            throw new ConfdException($"Unable to process template {resource.TemplatePath}, read {resource.TemplatePath}: is a directory");
        }

        if (!File.Exists(resource.TemplatePath))
        {
            throw new ConfdException($"Missing template: {resource.TemplatePath}");
        }

        log.CompilingTemplate(resource.TemplatePath);
        var host = new HostView(name => settings.Environment.GetValueOrDefault(name), time, LookUpServices);
        var template = TemplateFile.Parse(
            resource.TemplatePath, FunctionSet.Create(keys, host), resource.Delimiters, TemplateFile.Partials(settings.ConfigDirectory));
        return template.Execute(Value.Missing);
    }

    /// <summary>Templates are synchronous: the look-up runs on the pool, and the render waits for it.</summary>
    private ImmutableArray<SrvRecord> LookUpServices(string name)
    {
        try
        {
            return SrvResolver.OfSystem(time).LookUpAsync(name, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (SrvLookupException)
        {
            // The original hides the failure as well, and templates rely on an empty list.
            return [];
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
        if (staged.Replace(mode, owner, resource.Backups))
        {
            log.RenameFailed();
        }
    }

    /// <summary>The command is a template itself: <c>{{.src}}</c> is the staged file.</summary>
    private async Task CheckAsync(ResourceFile resource, StagedFile staged, CancellationToken cancel)
    {
        try
        {
            var data = new GoMap { ["src"] = GoText.FromUtf16(staged.Path) };
            byte[] command = Template.Parse("checkcmd", GoText.ToBytes(GoText.FromUtf16(resource.CheckCommand)), []).Execute(Value.Of(data));
            string? failure = await ExecuteAsync(System.Text.Encoding.UTF8.GetString(command), resource.CommandTimeout, cancel);
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

    private async Task<string?> ExecuteAsync(string command, TimeSpan? timeout, CancellationToken cancel)
    {
        log.RunningCommand(command);
        var result = await ShellCommand.RunAsync(command, settings.Environment, timeout ?? settings.CommandTimeout, time, cancel);
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
