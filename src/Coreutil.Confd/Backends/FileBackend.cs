using System.Collections.Immutable;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Backends;

/// <summary>YAML and JSON files, merged in order; of a directory all files below it that the filter lets through.</summary>
internal sealed class FileBackend(ImmutableArray<string> sources, string filter, TimeProvider time) : IBackend
{
    /// <summary>A file that is just being written is read when it is quiet; a lost notice is made up for by the next look.</summary>
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(5);

    public Task<IReadOnlyList<KeyValuePair<string, string>>> GetValuesAsync(KeyRequest request, CancellationToken cancel)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in sources.SelectMany(Expand))
        {
            foreach (var (key, value) in Read(file))
            {
                values[key] = value;
            }
        }

        // The keys are plain text prefixes here: /app keeps /apple.
        IReadOnlyList<KeyValuePair<string, string>> kept =
        [
            .. values.Where(pair => request.Keys.Any(key => pair.Key.StartsWith(key, StringComparison.Ordinal)))
                .Select(pair => new KeyValuePair<string, string>(GoText.FromUtf16(pair.Key), GoText.FromUtf16(pair.Value))),
        ];
        return Task.FromResult(kept);
    }

    public async IAsyncEnumerable<BackendChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var notices = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var watchers = new List<FileSystemWatcher>();
        try
        {
            foreach (string directory in sources.Select(DirectoryOf).Where(Directory.Exists).Distinct(StringComparer.Ordinal))
            {
                watchers.Add(Watch(directory, () => notices.Writer.TryWrite(true)));
            }

            yield return new BackendChange(Key: null);
            while (true)
            {
                using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                var notice = notices.Reader.WaitToReadAsync(pause.Token).AsTask();
                await Task.WhenAny(notice, Task.Delay(_look, time, pause.Token));
                await pause.CancelAsync();
                cancel.ThrowIfCancellationRequested();
                while (notices.Reader.TryRead(out _))
                {
                }

                yield return new BackendChange(Key: null);
            }
        }
        finally
        {
            watchers.ForEach(watcher => watcher.Dispose());
        }
    }

    public void Dispose()
    {
        // The watchers live as long as their enumeration.
    }

    private static FileSystemWatcher Watch(string directory, Action notify)
    {
        var watcher = new FileSystemWatcher(directory) { IncludeSubdirectories = true };
        watcher.Changed += (_, _) => notify();
        watcher.Created += (_, _) => notify();
        watcher.Deleted += (_, _) => notify();
        watcher.Renamed += (_, _) => notify();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    private static string DirectoryOf(string source) => Directory.Exists(source) ? source : Path.GetDirectoryName(Path.GetFullPath(source)) ?? "/";

    private IEnumerable<string> Expand(string source)
    {
        if (!Directory.Exists(source))
        {
            return File.Exists(source) ? [source] : throw new ConfdException($"stat {source}: no such file or directory");
        }

        return Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)
            .Where(path => FileSystemName.MatchesSimpleExpression(filter, Path.GetFileName(path), ignoreCase: false))
            .Order(StringComparer.Ordinal)
            .ToArray();
    }

    private static IEnumerable<KeyValuePair<string, string>> Read(string file)
    {
        try
        {
            return YamlKeys.Read(File.ReadAllText(file));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"open {file}: {unreadable.Message}", unreadable);
        }
    }
}
