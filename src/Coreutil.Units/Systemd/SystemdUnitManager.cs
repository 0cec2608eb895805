using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Units.Files;
using Coreutil.Units.Systemd.DBus;

namespace Coreutil.Units.Systemd;

/// <summary>How systemd is reached, and where fleet keeps its unit files.</summary>
public sealed record SystemdOptions
{
    public required string UnitsDirectory { get; init; }

    /// <summary>The manager of the user who runs us, not the machine's.</summary>
    public bool IsUser { get; init; }

    /// <summary>Reads the environment: bus addresses.</summary>
    public required Func<string, string?> Variable { get; init; }
}

/// <summary>Real systemd, by the calls that the original makes: files are linked at runtime, jobs are queued and not waited for.</summary>
public sealed class SystemdUnitManager : IUnitManager, IAsyncDisposable
{
    private const string NoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";

    /// <summary>How long an unload waits for its stop before it leaves the rest to the next pass.</summary>
    private static readonly TimeSpan _stopPatience = TimeSpan.FromSeconds(2);

    private readonly SystemdOptions _options;
    private readonly TimeProvider _time;
    private readonly SystemdBus _bus;
    private readonly SystemdManagerCalls _calls;
    private TaskCompletionSource _changed = NewSignal();
    private ImmutableHashSet<string> _watched = ImmutableHashSet<string>.Empty;

    public SystemdUnitManager(SystemdOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _bus = new SystemdBus(SystemdSocket.Candidates(options.IsUser, options.Variable), OnSignal, time);
        _calls = new SystemdManagerCalls(_bus);
    }

    /// <summary>Asks systemd for anything, so that a manager that cannot be reached is known at the start.</summary>
    public Task PingAsync(CancellationToken cancel) => CallAsync("reach systemd", "", () => _calls.ListAsync(["-.slice"], cancel));

    public async Task LoadAsync(string name, string normalisedText, CancellationToken cancel)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(_options.UnitsDirectory);
        string half = path + ".new";
        await File.WriteAllTextAsync(half, normalisedText, cancel);
        File.SetUnixFileMode(half, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(half, path, overwrite: true);
        try
        {
            await CallAsync("link", name, () => _calls.LinkRuntimeAsync(path, cancel));
            bool hasInstall = UnitFileParser.Parse(normalisedText) is UnitFileResult.Parsed parsed && parsed.File.HasSection("Install");
            if (hasInstall && !await CallAsync("enable", name, () => _calls.EnableRuntimeAsync(path, cancel)))
            {
                throw new SystemdException($"{name} has an [Install] section that installs nothing");
            }
        }
        catch (SystemdException)
        {
            // A file that systemd does not know of must not look like a loaded unit.
            File.Delete(path);
            throw;
        }
    }

    public async Task UnloadAsync(string name, CancellationToken cancel)
    {
        await IgnoreUnknownAsync(() => _calls.StopAsync(name, cancel), "stop", name);
        if (!await IsDownWithinAsync(name, _stopPatience, cancel))
        {
            throw new SystemdException($"{name} is still stopping: its file is removed when it is down");
        }

        await CallAsync("unlink", name, () => _calls.DisableRuntimeAsync(name, cancel));
        await IgnoreUnknownAsync(() => _calls.ResetFailedAsync(name, cancel), "reset", name);
        File.Delete(PathOf(name));
    }

    public Task ReloadAsync(CancellationToken cancel) => CallAsync("reload unit files", "", () => _calls.ReloadAsync(cancel));

    public Task StartAsync(string name, CancellationToken cancel) => CallAsync("start", name, () => _calls.StartAsync(name, cancel));

    public Task StopAsync(string name, CancellationToken cancel) => CallAsync("stop", name, () => _calls.StopAsync(name, cancel));

    public async Task<ImmutableDictionary<string, UnitState>> ReadStatesAsync(ImmutableArray<string> names, CancellationToken cancel)
    {
        if (names.Length == 0)
        {
            return ImmutableDictionary<string, UnitState>.Empty;
        }

        _watched = [.. names.Select(SystemdManagerCalls.ObjectPath)];
        var rows = await CallAsync("read states", "", () => _calls.ListAsync(names, cancel));
        var states = rows.GroupBy(row => row.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().State, StringComparer.Ordinal);
        return names.Distinct(StringComparer.Ordinal)
            .ToImmutableDictionary(name => name, name => states.GetValueOrDefault(name, UnitState.NotFound), StringComparer.Ordinal);
    }

    public async Task<ImmutableDictionary<string, string>> ReadLoadedUnitsAsync(CancellationToken cancel)
    {
        var units = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (!Directory.Exists(_options.UnitsDirectory))
        {
            return units.ToImmutable();
        }

        foreach (string path in Directory.EnumerateFiles(_options.UnitsDirectory))
        {
            string name = Path.GetFileName(path);
            if (name.Contains('.', StringComparison.Ordinal) && UnitName.AgentTypes.Contains(UnitName.Suffix(name)))
            {
                units[name] = await File.ReadAllTextAsync(path, cancel);
            }
        }

        return units.ToImmutable();
    }

    public Task<UnitStatusText> ReadStatusAsync(string name, CancellationToken cancel) =>
        HostCommand.RunAsync("systemctl", [.. Scope, "status", "-l", "--no-pager", name], cancel);

    public IAsyncEnumerable<string> ReadJournalAsync(string name, int lines, bool isFollowing, CancellationToken cancel) => HostCommand.ReadLinesAsync(
        "journalctl",
        [
            .. Scope, _options.IsUser ? "--user-unit" : "--unit", name, "--no-pager", "-n", lines.ToString(CultureInfo.InvariantCulture),
            .. isFollowing ? (string[])["-f"] : [],
        ],
        cancel);

    public async Task WaitForChangeAsync(TimeSpan atMost, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(_changed.Task, Task.Delay(atMost, _time, limit.Token));
        await limit.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        _changed = _changed.Task.IsCompleted ? NewSignal() : _changed;
    }

    public ValueTask DisposeAsync() => _bus.DisposeAsync();

    private string[] Scope => _options.IsUser ? ["--user"] : [];

    private string PathOf(string name) => Path.GetFullPath(Path.Combine(_options.UnitsDirectory, name));

    private async Task<bool> IsDownWithinAsync(string name, TimeSpan patience, CancellationToken cancel)
    {
        long begin = _time.GetTimestamp();
        for (; ; )
        {
            var rows = await CallAsync("read the state of", name, () => _calls.ListAsync([name], cancel));
            if (rows is [{ JobId: 0, State.ActiveState: "inactive" or "failed" }] or [])
            {
                return true;
            }

            if (_time.GetElapsedTime(begin) > patience)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancel);
        }
    }

    /// <summary>Any news of a unit whose state was last asked for, and systemd's return after it executed itself anew.</summary>
    private void OnSignal(DBusMessage signal)
    {
        bool isNews = signal.Member switch
        {
            "PropertiesChanged" => _watched.Contains(signal.Path!),
            "JobRemoved" => signal.Signature == "uoss" && ReadJobUnit(signal) is var unit && _watched.Contains(SystemdManagerCalls.ObjectPath(unit)),
            "Reloading" or "NameOwnerChanged" => true,
            _ => false,
        };
        if (isNews)
        {
            _changed.TrySetResult();
        }
    }

    private static string ReadJobUnit(DBusMessage signal)
    {
        var reader = signal.Read();
        reader.ReadUInt32();
        reader.ReadString();
        return reader.ReadString();
    }

    private static async Task IgnoreUnknownAsync(Func<Task> call, string what, string name)
    {
        try
        {
            await call();
        }
        catch (DBusCallException unknown) when (unknown.Name == NoSuchUnit)
        {
            // It is not even loaded: what was asked for is the case.
        }
        catch (Exception failure) when (failure is DBusCallException)
        {
            throw Explain(what, name, failure);
        }
    }

    private static async Task CallAsync(string what, string name, Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception failure) when (failure is DBusCallException or DBusException)
        {
            throw Explain(what, name, failure);
        }
    }

    private static async Task<T> CallAsync<T>(string what, string name, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception failure) when (failure is DBusCallException or DBusException)
        {
            throw Explain(what, name, failure);
        }
    }

    private static SystemdException Explain(string what, string name, Exception failure) =>
        new($"systemd cannot {what}{(name.Length > 0 ? $" {name}" : "")}: {failure.Message}", failure);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
