namespace Coreutil.FunctionalTests;

/// <summary>A file system of its own in memory, over a directory, that a test fills up and makes room on.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _directory;

    private SmallDisk(string directory) => _directory = directory;

    /// <summary>Skips the test where nothing can be mounted.</summary>
    public static async Task<SmallDisk> MountAsync(string directory, string size)
    {
        Directory.CreateDirectory(directory);
        var mounted = await Published.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={size}", "tmpfs", directory]);
        Assert.SkipUnless(mounted.ExitCode == 0, $"nothing can be mounted here: {mounted.Error}");
        return new(directory);
    }

    private string Ballast => Path.Combine(_directory, "ballast");

    /// <summary>Writes a file that leaves no room, not for a byte.</summary>
    public void FillUp()
    {
        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            for (; ; )
            {
                file.Write(page);
            }
        }
        catch (IOException)
        {
            // There it is.
        }
    }

    public void MakeRoom() => File.Delete(Ballast);

    public async ValueTask DisposeAsync() => await Published.RunAsync("umount", ["-l", _directory]);
}
