using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace Coreutil.Supervisor.Processes;

/// <summary>A null-terminated vector of C strings; freed with the object, or by the execve that ends this process.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    public NativeStrings(IReadOnlyCollection<string> strings)
    {
        Vector = (byte**)NativeMemory.Alloc((nuint)(strings.Count + 1), (nuint)sizeof(byte*));
        int position = 0;
        foreach (string text in strings)
        {
            Vector[position++] = Copy(text);
        }

        Vector[position] = null;
    }

    public byte** Vector { get; }

    public void Dispose()
    {
        for (byte** entry = Vector; *entry is not null; entry++)
        {
            NativeMemory.Free(*entry);
        }

        NativeMemory.Free(Vector);
    }

    /// <summary>This process's environment, as execve(2) takes it.</summary>
    public static IEnumerable<string> OwnEnvironment() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}");

    public static byte* Copy(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte* copy = (byte*)NativeMemory.Alloc((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(copy, length));
        copy[length] = 0;
        return copy;
    }
}
