namespace Coreutil.Core.Files;

/// <summary>Replaces a file so that a reader or a crash sees the old text or the new one, never a part.</summary>
public static class AtomicFile
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static void WriteAllText(string path, string text) => Write(path, System.Text.Encoding.UTF8.GetBytes(text), Readable);

    /// <summary>For what means nothing after the next boot: a crash of the process loses nothing, and nobody waits for the disk.</summary>
    public static void WriteForThisBoot(string path, ReadOnlySpan<byte> bytes) => Write(path, bytes, Readable, isDurable: false);

    public static void Write(
        string path, ReadOnlySpan<byte> bytes, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, bool isDurable = true)
    {
        string staged = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(staged, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: isDurable);
            }

            File.SetUnixFileMode(staged, mode);
            File.Move(staged, path, overwrite: true);
        }
        catch (IOException)
        {
            // A part of a file on a full disk takes the room that the next attempt needs.
            File.Delete(staged);
            throw;
        }
    }
}
