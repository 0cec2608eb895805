using System.Text;

namespace Coreutil.Supervisor.Journal;

/// <summary>Reads a file's lines from the last one to the first, and no more of it than is asked for.</summary>
internal static class BackwardLines
{
    private const int Block = 64 * 1024;

    public static IEnumerable<string> Read(string path)
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] block = new byte[Block];
        byte[] rest = [];
        for (long begin = file.Length; begin > 0;)
        {
            int count = (int)Math.Min(Block, begin);
            begin -= count;
            file.Position = begin;
            file.ReadExactly(block, 0, count);

            // What stood before the first line's end in the block behind belongs to the last line of this one.
            byte[] text = [.. block.AsSpan(0, count), .. rest];
            int end = text.Length;
            for (int at = end - 1; at >= 0; at--)
            {
                if (text[at] == '\n')
                {
                    if (at + 1 < end)
                    {
                        yield return Encoding.UTF8.GetString(text, at + 1, end - at - 1);
                    }

                    end = at;
                }
            }

            rest = text[..end];
        }

        if (rest.Length > 0)
        {
            yield return Encoding.UTF8.GetString(rest);
        }
    }
}
