namespace Coreutil.Applets.Etcdctl;

/// <summary>The lines of a dump, and how far it has been read. Empty lines are passed over.</summary>
internal sealed class DumpReader : IDisposable
{
    private readonly TextReader _text;
    private readonly FileStream? _file;

    private DumpReader(TextReader text, FileStream? file) => (_text, _file) = (text, file);

    public long LineNumber { get; private set; }

    /// <summary>Bytes read and bytes in all; 0 where the length is not known (a pipe).</summary>
    public long Position => _file?.Position ?? 0;

    public long BaseStreamLength => _file is { CanSeek: true } ? _file.Length : 0;

    public static DumpReader Of(TextReader text) => new(text, null);

    public static DumpReader OfFile(string path)
    {
        var file = File.OpenRead(path);
        return new(new StreamReader(file), file);
    }

    public async Task<string?> ReadAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            string? line = await _text.ReadLineAsync(cancel);
            LineNumber++;
            if (line is null || line.AsSpan().Trim().Length > 0)
            {
                return line;
            }
        }
    }

    public void Dispose()
    {
        if (_file is not null)
        {
            _text.Dispose();
        }
    }
}
