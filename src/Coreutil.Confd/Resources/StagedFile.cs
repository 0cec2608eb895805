using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Coreutil.Confd.Resources;

/// <summary>
/// The rendered file before it takes its place: beside the destination, so that the rename is atomic; complete on the disk before it is renamed.
/// </summary>
internal sealed partial class StagedFile : IDisposable
{
    private const int DeviceOrResourceBusy = 16;
    private readonly bool _isKept;
    private readonly string _destination;

    private StagedFile(string path, string destination, bool isKept)
    {
        Path = path;
        _destination = destination;
        _isKept = isKept;
    }

    public string Path { get; }

    /// <summary>Writes the text under a new name that hides it from directory listings; the mode and owner are the destination's to be.</summary>
    public static StagedFile Write(string destination, ReadOnlySpan<byte> content, UnixFileMode mode, FileOwner owner, bool isKept)
    {
        string directory = System.IO.Path.GetDirectoryName(destination) is { Length: > 0 } parent ? parent : ".";
        string path = System.IO.Path.Combine(
            directory, string.Create(CultureInfo.InvariantCulture, $".{System.IO.Path.GetFileName(destination)}{RandomNumberGenerator.GetInt32(100_000_000, int.MaxValue)}"));
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (var stream = new FileStream(path, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            // Owner first: giving a file away may clear bits of its mode. What is not allowed shows in the comparison.
            owner.TryApply(path);
            File.SetUnixFileMode(path, mode);
            return new StagedFile(path, destination, isKept);
        }
        catch (DirectoryNotFoundException missing)
        {
            throw new ConfdException($"open {path}: no such file or directory", missing);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"open {path}: {(failure is UnauthorizedAccessException ? "permission denied" : failure.Message)}", failure);
        }
    }

    /// <summary>
    /// Takes the destination's place. A file that is a mount point cannot be renamed over: it is written in place and given its mode, or every
    /// later run would find it different. True when that was so.
    /// </summary>
    public bool Replace(UnixFileMode mode, FileOwner owner, int backups = 0)
    {
        if (backups > 0 && FileOwner.IsFile(_destination))
        {
            Backup.Keep(_destination, backups);
        }

        if (Rename(Path, _destination) == 0)
        {
            return false;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error != DeviceOrResourceBusy)
        {
            // Go looks at the destination first, and does not say what is wrong with it.
            string reason = Directory.Exists(_destination) ? "file exists" : Marshal.GetPInvokeErrorMessage(error);
            throw new ConfdException($"rename {Path} {_destination}: {char.ToLowerInvariant(reason[0])}{reason[1..]}");
        }

        try
        {
            using (var target = new FileStream(_destination, FileMode.Truncate, FileAccess.Write))
            using (var source = File.OpenRead(Path))
            {
                source.CopyTo(target);
                target.Flush(flushToDisk: true);
            }

            owner.TryApply(_destination);
            File.SetUnixFileMode(_destination, mode);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"write {_destination}: {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        if (!_isKept)
        {
            File.Delete(Path);
        }
    }

    [LibraryImport("libc", EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Rename(string from, string to);
}
