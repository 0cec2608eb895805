using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>What the kernel said, in the words of strerror(3).</summary>
internal static class SystemError
{
    public const string NoSuchFile = "No such file or directory";
    public const string PermissionDenied = "Permission denied";
    public const string NotADirectory = "Not a directory";
    public const string InvalidArgument = "Invalid argument";
    public const string OutOfRange = "Numerical result out of range";
    public const string NameTooLong = "File name too long";

    public static string TextOf(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => NoSuchFile,
        UnauthorizedAccessException => PermissionDenied,
        // What the runtime throws for a call that failed carries its errno.
        { HResult: > 0 and < 4096 } => Marshal.GetPInvokeErrorMessage(failure.HResult),
        _ => failure.Message,
    };
}

/// <summary>An EnvironmentFile= that is not optional cannot be read.</summary>
internal sealed class EnvironmentFileException(string path, Exception failure) : IOException(SystemError.TextOf(failure), failure)
{
    public string Path => path;
}
