namespace Coreutil.Applets.Etcdctl;

/// <summary>etcdctl's exit codes (etcd.md §6).</summary>
internal static class EtcdctlExit
{
    public const int BadArguments = 1;
    public const int BadConnection = 2;
    public const int ServerError = 4;
    public const int ClusterNotHealthy = 5;
}

/// <summary>Ends a command: a text for stderr, printed as it is, and the exit code.</summary>
internal sealed class EtcdctlFailure(string text, int exitCode) : Exception(text)
{
    public int ExitCode => exitCode;

    /// <summary>Go's <c>Println("Error: ", text)</c> leaves two blanks.</summary>
    public static EtcdctlFailure Error(string message, int exitCode) => new($"Error:  {message}\n", exitCode);

    public static EtcdctlFailure BadArguments(string message) => new(message + "\n", EtcdctlExit.BadArguments);
}
