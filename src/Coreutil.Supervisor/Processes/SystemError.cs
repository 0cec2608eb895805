namespace Coreutil.Supervisor.Processes;

/// <summary>What the kernel said, in the words of strerror(3).</summary>
internal static class SystemError
{
    public static string TextOf(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "No such file or directory",
        UnauthorizedAccessException => "Permission denied",
        _ => failure.Message,
    };
}

/// <summary>An EnvironmentFile= that is not optional cannot be read.</summary>
internal sealed class EnvironmentFileException(string path, Exception failure) : IOException(SystemError.TextOf(failure), failure)
{
    public string Path => path;
}
