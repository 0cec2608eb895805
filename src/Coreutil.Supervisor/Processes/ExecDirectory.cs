using System.Runtime.InteropServices;

namespace Coreutil.Supervisor.Processes;

/// <summary>A directory that is made before the command runs (RuntimeDirectory= and its like).</summary>
/// <param name="Path">In full.</param>
/// <param name="Mode">It gets this one, whatever it has.</param>
/// <param name="User">Its owner, and that of all that is in it; null: left as it is.</param>
/// <param name="Group">Likewise.</param>
/// <param name="IsLeftAsItIs">Where it is there already, nothing is changed.</param>
/// <param name="ExitCode">What the executor ends with where it cannot be made.</param>
public sealed record ExecDirectory(string Path, uint Mode, uint? User, uint? Group, bool IsLeftAsItIs, int ExitCode)
{
    private const uint Unchanged = uint.MaxValue;
    private const UnixFileMode ParentMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Why not; null when it is there.</summary>
    public string? TryMake()
    {
        try
        {
            if (IsLeftAsItIs && Directory.Exists(Path))
            {
                return null;
            }

            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!, ParentMode);
            Directory.CreateDirectory(Path);
            File.SetUnixFileMode(Path, (UnixFileMode)Mode);
            if (!IsOwned())
            {
                Own(Path);
            }

            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return $"{Path}: {refused.Message}";
        }
    }

    /// <summary>Then so is what is in it: the commands of a service do not go through a large tree each time.</summary>
    private unsafe bool IsOwned()
    {
        // struct statx: the user is at 20, the group at 24.
        uint* status = stackalloc uint[64];
        return LibC.Status(LibC.WorkingDirectory, Path, 0, 0x7FF, status) == 0 && (User is null || status[5] == User) && (Group is null || status[6] == Group);
    }

    /// <summary>Links are changed themselves and not followed.</summary>
    private void Own(string path)
    {
        if (LibC.ChangeOwner(path, User ?? Unchanged, Group ?? Unchanged) != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }

        if (new DirectoryInfo(path) is { Exists: true, LinkTarget: null })
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries(path))
            {
                Own(entry);
            }
        }
    }
}
