using System.Collections;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Core.Applets;
using Microsoft.Win32.SafeHandles;

namespace Coreutil;

/// <summary>
/// The process around an applet: its streams, its environment, and the signals that end it. SIGINT and SIGTERM cancel the token once;
/// a second one ends the process at once with the shell's code for it.
/// </summary>
internal static class ProcessContext
{
    public static async Task<int> RunAsync(Func<AppletContext, CancellationToken, Task<int>> run)
    {
        using var stopping = new CancellationTokenSource();
        using var interrupt = Watch(PosixSignal.SIGINT, 130, stopping);
        using var terminate = Watch(PosixSignal.SIGTERM, 143, stopping);
        var context = Create();
        try
        {
            return await run(context, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
#pragma warning disable CA1031 // The last boundary: whatever no applet foresaw becomes one line and exit code 1.
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            await context.Error.WriteLineAsync($"{Path.GetFileName(context.InvokedAs)}: {unforeseen.Message}");
            if (context.Variable("COREUTIL_DEBUG") is not null)
            {
                await context.Error.WriteLineAsync(unforeseen.ToString());
            }

            return ExitCode.Failure;
        }
        finally
        {
            await context.Out.FlushAsync(CancellationToken.None);
            await context.Error.FlushAsync(CancellationToken.None);
        }
    }

    private static AppletContext Create()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new AppletContext
        {
            Out = TextWriter.Synchronized(new StreamWriter(Console.IsOutputRedirected ? Console.OpenStandardOutput() : Terminal(1, FileAccess.Write), utf8) { AutoFlush = true, NewLine = "\n" }),
            Error = TextWriter.Synchronized(new StreamWriter(Console.IsErrorRedirected ? Console.OpenStandardError() : Terminal(2, FileAccess.Write), utf8) { AutoFlush = true, NewLine = "\n" }),
            In = new StreamReader(Console.IsInputRedirected ? Console.OpenStandardInput() : Terminal(0, FileAccess.Read), utf8),
            IsErrorTerminal = !Console.IsErrorRedirected,
            IsInputTerminal = !Console.IsInputRedirected,
            OpenBytes = () => (Console.OpenStandardInput(), Console.OpenStandardOutput()),
            InvokedAs = Environment.GetCommandLineArgs()[0],
            ExecutablePath = Environment.ProcessPath ?? "/proc/self/exe",
            Environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .ToImmutableDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal),
        };
    }

    /// <summary>The console's own streams write the terminal's keypad sequence first, which a program of lines has no business to do.</summary>
    private static FileStream Terminal(int descriptor, FileAccess access) => new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);

    private static PosixSignalRegistration Watch(PosixSignal signal, int exitCode, CancellationTokenSource stopping) =>
        PosixSignalRegistration.Create(signal, received =>
        {
            if (stopping.IsCancellationRequested)
            {
                Environment.Exit(exitCode);
            }

            received.Cancel = true;
            stopping.Cancel();
        });
}
