namespace Coreutil.Core.Applets;

/// <summary>Exit codes every applet shares; an applet's own codes are named beside it.</summary>
public static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Usage = 2;

    /// <summary>The shell's code for a command that does not exist.</summary>
    public const int NotFound = 127;
}
