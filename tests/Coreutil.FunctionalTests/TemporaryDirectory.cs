namespace Coreutil.FunctionalTests;

internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("coreutil-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file that leaves no room on its file system.</summary>
    public static void FillUp(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
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

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
