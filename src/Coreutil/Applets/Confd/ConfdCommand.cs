using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Coreutil.Confd;
using Coreutil.Core.Applets;
using Coreutil.Core.Logging;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Confd;

/// <summary>Reads confd.toml, sets up the log and hands over to the processor.</summary>
internal static class ConfdCommand
{
    public static async Task<int> RunAsync(AppletContext context, ConfdFlags flags, ParseResult parsed, CancellationToken cancel)
    {
        if (flags.AsksForVersion(parsed))
        {
            await context.Out.WriteLineAsync($"confd {ConfdApplet.CompatibleVersion} (Git SHA: coreutil {Multicall.Version}, Go Version: none)".AsMemory(), cancel);
            return ExitCode.Success;
        }

        using var early = LineLoggerProvider.CreateFactory(context.Error, LineFormatOf(context), LogLevel.Information, context.Time);
        try
        {
            var toml = ConfdToml.Load(flags.ConfigFile(parsed));
            var settings = flags.Settings(parsed, toml, context);
            using var logs = LineLoggerProvider.CreateFactory(
                context.Error, LineFormatOf(context), LevelOf(flags.LogLevel(parsed, toml)), context.Time);
            var log = logs.CreateLogger("confd");
            CheckKeyring(flags.SecretKeyring(parsed, toml), log);
            return flags.AsksForValidation(parsed)
                ? new Validation(settings, toml, log).Run()
                : await ProcessAsync(settings, flags.AsksForDiff(parsed) ? context.Out : null, log, context.Time, cancel);
        }
        catch (ConfdException fault)
        {
            early.CreateLogger("confd").Fatal(fault.Message);
            return ExitCode.Failure;
        }
    }

    /// <summary>A long-running confd reads its configuration again on SIGHUP; a single pass ends by it, as any program does.</summary>
    private static async Task<int> ProcessAsync(ConfdSettings settings, TextWriter? diff, ILogger log, TimeProvider time, CancellationToken cancel)
    {
        using var processor = new ConfdProcessor(settings, log, time, diff);
        using var hangUp = settings.IsOneTime ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, received =>
        {
            received.Cancel = true;
            processor.Reload();
        });
        return await processor.RunAsync(cancel);
    }

    /// <summary>A keyring that is not there ends the original at once; one that is there would be of no use here, which is said.</summary>
    private static void CheckKeyring(string path, ILogger log)
    {
        if (path.Length > 0)
        {
            _ = File.Exists(path) ? path : throw new ConfdException($"open {path}: no such file or directory");
            log.KeyringUnused();
        }
    }

    /// <summary>confd.md §2: time, host, the name as invoked with the process, level, message.</summary>
    private static LineFormat LineFormatOf(AppletContext context)
    {
        string source = $"{System.Environment.MachineName} {context.InvokedAs}[{System.Environment.ProcessId}]";
        return (now, level, _, message) => $"{Rfc3339(now)} {source}: {NameOf(level)} {message}";
    }

    private static string Rfc3339(DateTimeOffset now) => now.Offset == TimeSpan.Zero
        ? now.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : now.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Critical => "FATAL",
        LogLevel.Error => "ERROR",
        LogLevel.Warning => "WARNING",
        LogLevel.Information => "INFO",
        _ => "DEBUG",
    };

    private static LogLevel LevelOf(string name) => name.ToUpperInvariant() switch
    {
        "PANIC" or "FATAL" => LogLevel.Critical,
        "ERROR" => LogLevel.Error,
        "WARN" or "WARNING" => LogLevel.Warning,
        "INFO" => LogLevel.Information,
        "DEBUG" or "TRACE" => LogLevel.Debug,
        _ => throw new ConfdException($"not a valid level: \"{name}\""),
    };
}
