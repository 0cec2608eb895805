namespace Coreutil.Core.Files;

/// <summary>Replaces a file so that a reader or a crash sees the old text or the new one, never a part.</summary>
public static class AtomicFile
{
    public static void WriteAllText(string path, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead) =>
        Write(path, System.Text.Encoding.UTF8.GetBytes(text), mode);

    public static void Write(string path, ReadOnlySpan<byte> bytes, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        string staged = $"{path}.{Environment.ProcessId}.tmp";
        using (var stream = new FileStream(staged, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.SetUnixFileMode(staged, mode);
        File.Move(staged, path, overwrite: true);
    }
}
