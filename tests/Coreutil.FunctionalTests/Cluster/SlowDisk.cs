using System.Diagnostics;
using System.Globalization;

namespace Coreutil.FunctionalTests.Cluster;

/// <summary>Each sync of a running member takes so much longer, until this is disposed: strace holds the system call up.</summary>
internal sealed class SlowDisk : IAsyncDisposable
{
    private readonly Process _strace;

    private SlowDisk(Process strace) => _strace = strace;

    public static bool IsPossible => File.Exists("/usr/bin/strace");

    public static void SkipUnlessPossible() => Assert.SkipUnless(IsPossible, "the command strace (package strace) is not here");

    public static async Task<SlowDisk> OfAsync(ClusterMember member, TimeSpan delay)
    {
        string microseconds = ((long)delay.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);
        var strace = Published.Start("/usr/bin/strace", [
            "-f", "-o", "/dev/null", "-p", member.ProcessId.ToString(CultureInfo.InvariantCulture),
            "-e", "trace=fdatasync,fsync", "-e", $"inject=fdatasync,fsync:delay_enter={microseconds}",
        ]);
        string? line = await strace.StandardError.ReadLineAsync();
        Assert.True(line?.Contains("attached", StringComparison.Ordinal), $"strace cannot hold up the disk of {member.Name}: {line}");
        return new SlowDisk(strace);
    }

    public async ValueTask DisposeAsync()
    {
        _strace.Kill();
        await _strace.WaitForExitAsync();
        _strace.Dispose();
    }
}
