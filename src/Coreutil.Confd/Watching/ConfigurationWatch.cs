using System.Threading.Channels;

namespace Coreutil.Confd.Watching;

/// <summary>What was edited, the greater including the lesser.</summary>
internal enum ConfigurationChange
{
    Templates,
    Resources,
}

/// <summary>
/// Sees edits below the configuration directory as they happen, and by a look every few seconds what the notices leave out: a directory that comes
/// later, links, file systems without notices.
/// </summary>
internal sealed class ConfigurationWatch : IDisposable
{
    private static readonly TimeSpan _look = TimeSpan.FromSeconds(5);

    /// <summary>An editor touches a file several times to save it once.</summary>
    private static readonly TimeSpan _settling = TimeSpan.FromMilliseconds(100);

    private readonly Channel<ConfigurationChange> _notices = Channel.CreateBounded<ConfigurationChange>(
        new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private string _directory;
    private readonly TimeProvider _time;
    private FileSystemWatcher? _watcher;
    private Dictionary<string, (DateTime, long)> _seen = [];

    public ConfigurationWatch(string directory, TimeProvider time)
    {
        _directory = directory;
        _time = time;
    }

    /// <summary>Edits count from now on.</summary>
    public void Start()
    {
        _directory = Path.GetFullPath(_directory);
        _watcher = TryWatch();
        _seen = Stamp();
    }

    /// <summary>As if a resource had been edited: somebody asked for a fresh start (SIGHUP).</summary>
    public void Ask()
    {
        _asked.Writer.TryWrite(true);
        _notices.Writer.TryWrite(ConfigurationChange.Resources);
    }

    /// <summary>The next change; edits that belong together are one.</summary>
    public async Task<ConfigurationChange> NextAsync(CancellationToken cancel)
    {
        while (true)
        {
            if (await NoticeAsync(cancel) is { } change)
            {
                await Task.Delay(_settling, _time, cancel);
                while (_notices.Reader.TryRead(out var further))
                {
                    change = further > change ? further : change;
                }

                _seen = Stamp();
                return change;
            }

            _watcher ??= TryWatch();
            var now = Stamp();
            foreach (string path in now.Except(_seen).Concat(_seen.Except(now)).Select(file => file.Key))
            {
                Tell(path);
            }

            _seen = now;
        }
    }

    /// <summary>Waits out the time, or until it is asked for a fresh start; edits alone do not shorten it.</summary>
    public async Task AskedWithinAsync(TimeSpan limit, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            await _asked.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The time is up.
            return;
        }
    }

    public void Dispose() => _watcher?.Dispose();

    /// <summary>Null when it is time for a look.</summary>
    private async Task<ConfigurationChange?> NoticeAsync(CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(_look, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            return await _notices.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private FileSystemWatcher? TryWatch()
    {
        if (!Directory.Exists(_directory))
        {
            return null;
        }

        var watcher = new FileSystemWatcher(_directory) { IncludeSubdirectories = true };
        watcher.Changed += (_, edit) => Tell(edit.FullPath);
        watcher.Created += (_, edit) => Tell(edit.FullPath);
        watcher.Deleted += (_, edit) => Tell(edit.FullPath);
        watcher.Renamed += (_, edit) => Tell(edit.FullPath);
        watcher.Error += (_, _) => Ask();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    /// <summary>Only what is read: resources by their names, templates and partials; not what an editor or confd itself stages beside them.</summary>
    private void Tell(string path)
    {
        string below = Path.GetRelativePath(_directory, path);
        if (below.StartsWith("conf.d/", StringComparison.Ordinal) && below.EndsWith("toml", StringComparison.Ordinal))
        {
            _notices.Writer.TryWrite(ConfigurationChange.Resources);
        }
        else if (below.Split('/') is ["templates" or "partials", .., var name] && !name.StartsWith('.'))
        {
            _notices.Writer.TryWrite(ConfigurationChange.Templates);
        }
    }

    private Dictionary<string, (DateTime Written, long Length)> Stamp()
    {
        try
        {
            return Directory.Exists(_directory)
                ? new DirectoryInfo(_directory).EnumerateFiles("*", SearchOption.AllDirectories)
                    .ToDictionary(file => file.FullName, file => (file.LastWriteTimeUtc, file.Exists ? file.Length : 0), StringComparer.Ordinal)
                : [];
        }
        catch (Exception vanished) when (vanished is IOException or UnauthorizedAccessException)
        {
            // Seen again at the next look.
            return _seen;
        }
    }
}
