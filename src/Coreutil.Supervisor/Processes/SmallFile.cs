using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Coreutil.Supervisor.Processes;

/// <summary>
/// Reads files of /proc and of cgroups, which are asked often and are often gone: without an exception, a stream or a copy for each.
/// </summary>
internal static unsafe class SmallFile
{
    /// <summary>The file's text; null when it is not there or cannot be read.</summary>
    public static string? TryReadText(string path)
    {
        int descriptor = LibC.Open(path, LibC.OpenRead | LibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return null;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        int length = 0;
        try
        {
            for (; ; )
            {
                nint count;
                fixed (byte* first = buffer)
                {
                    count = LibC.Read(descriptor, first + length, (nuint)(buffer.Length - length));
                }

                if (count < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted)
                {
                    continue;
                }

                if (count <= 0)
                {
                    return count == 0 ? Encoding.UTF8.GetString(buffer, 0, length) : null;
                }

                length += (int)count;
                if (length == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(2 * length);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            LibC.Close(descriptor);
        }
    }

    /// <summary>True where the file is there and holds something.</summary>
    public static bool HasContent(string path)
    {
        int descriptor = LibC.Open(path, LibC.OpenRead | LibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            return false;
        }

        byte one;
        bool hasContent = LibC.Read(descriptor, &one, 1) == 1;
        LibC.Close(descriptor);
        return hasContent;
    }
}
