using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Coreutil.Core.Applets;
using Microsoft.Win32.SafeHandles;

namespace Coreutil.Applets.Etcdctl;

/// <summary>
/// Asks for a password; a terminal does not show it while it is typed. It is then read past the framework, whose console reader would show it itself.
/// </summary>
internal static partial class PasswordPrompt
{
    private const int StandardInput = 0;
    private const int Now = 0;
    private const uint Echo = 8;

    /// <summary>struct termios of x86-64 glibc: four flag words, of which the last (c_lflag) counts here, then what is none of ours.</summary>
    private const int LocalFlags = 12;
    private const int Size = 64;

    public static string Ask(AppletContext context, string prompt)
    {
        context.Out.Write(prompt);
        Span<byte> shown = stackalloc byte[Size];
        bool isTerminal = GetAttributes(StandardInput, shown) == 0;
        if (isTerminal)
        {
            Span<byte> hidden = stackalloc byte[Size];
            shown.CopyTo(hidden);
            var flags = hidden[LocalFlags..];
            BinaryPrimitives.WriteUInt32LittleEndian(flags, BinaryPrimitives.ReadUInt32LittleEndian(flags) & ~Echo);
            _ = SetAttributes(StandardInput, Now, hidden);
        }

        try
        {
            // The end of the input is an empty password: the server says what it thinks of it.
            return ((isTerminal ? ReadFromTerminal() : context.In.ReadLine()) ?? "").Trim();
        }
        finally
        {
            if (isTerminal)
            {
                _ = SetAttributes(StandardInput, Now, shown);
            }

            context.Out.WriteLine();
        }
    }

    private static string? ReadFromTerminal()
    {
        using var terminal = new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        var line = new List<byte>();
        for (int read = terminal.ReadByte(); read != '\n'; read = terminal.ReadByte())
        {
            if (read < 0)
            {
                return null;
            }

            line.Add((byte)read);
        }

        return Encoding.UTF8.GetString([.. line]);
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int descriptor, Span<byte> attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int descriptor, int when, ReadOnlySpan<byte> attributes);
}
