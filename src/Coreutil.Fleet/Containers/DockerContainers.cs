using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Coreutil.Fleet.Api;
using Docker.DotNet;
using Docker.DotNet.Models;
using Docker.DotNet.NativeHttp;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Containers;

/// <summary>
/// The containers of this machine's units, kept up by Docker's stream of events. Docker is asked for nothing while no unit runs a container; where it does
/// not answer, nothing is known, nobody waits for it, and it is tried again.
/// </summary>
public sealed class DockerContainers : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _retry = TimeSpan.FromSeconds(2);
    private static readonly string[] _events =
        ["create", "start", "restart", "die", "stop", "pause", "unpause", "rename", "destroy", "health_status"];

    private readonly string _endpoint;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly DockerClient _docker;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0, 1);
    private readonly HashSet<string> _stale = new(StringComparer.Ordinal);
    private ImmutableHashSet<string> _followed = ImmutableHashSet.Create<string>(StringComparer.Ordinal);
    private ImmutableDictionary<string, Container> _known = ImmutableDictionary.Create<string, Container>(StringComparer.Ordinal);
    private string? _lastFailure;

    public DockerContainers(Uri endpoint, TimeProvider time, ILogger log)
    {
        (_endpoint, _time, _log) = (endpoint.OriginalString, time, log);

        // The library's own transport for unix sockets leaves a socket open each time that nobody listens.
        string path = endpoint.LocalPath;
        _docker = new DockerClientBuilder().WithEndpoint(new("http://docker")).WithTimeout(Timeout.InfiniteTimeSpan).WithTransportOptions(new NativeHttpTransportOptions
        {
            ConfigureHandler = handler => handler.ConnectCallback = (_, cancel) => SocketFile.ConnectAsync(path, cancel),
        }).Build();
    }

    /// <summary>What is known of these containers, which are followed from now on, and no others.</summary>
    public ImmutableDictionary<string, Container> Follow(ImmutableHashSet<string> names)
    {
        lock (_gate)
        {
            if (!_followed.SetEquals(names))
            {
                Refresh(names.Except(_followed));
                _followed = names;
                _known = _known.RemoveRange(_known.Keys.Where(name => !names.Contains(name)));
            }

            return _known;
        }
    }

    /// <summary>A line on one container for people, asked of Docker now.</summary>
    public async Task<string> DescribeAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await InspectAsync(name, cancel) is { } container ? container.ToString() : $"{name}: no such container";
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            return $"{name}: not known, Docker does not answer on {_endpoint}: {Describe(failure)}";
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            await WaitForFollowedAsync(cancel);
            try
            {
                await FollowEventsAsync(cancel);
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested)
            {
                TellFailure(Describe(failure));
            }

            lock (_gate)
            {
                _known = _known.Clear();
            }

            await Task.Delay(_retry, _time, cancel);
        }
    }

    public void Dispose()
    {
        _docker.Dispose();
        _work.Dispose();
    }

    private async Task WaitForFollowedAsync(CancellationToken cancel)
    {
        while (_followed.IsEmpty)
        {
            await _work.WaitAsync(cancel);
        }
    }

    /// <summary>Returns when Docker ends the stream.</summary>
    private async Task FollowEventsAsync(CancellationToken cancel)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancel);

        // Asked for from now on, before anything is read: what happens between reading a container and the stream's beginning is in the stream.
        string since = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        await WithinPatienceAsync(_docker.System.PingAsync, cancel);
        if (_lastFailure is not null)
        {
            _log.DockerAnswers(_endpoint);
            _lastFailure = null;
        }

        lock (_gate)
        {
            Refresh(_followed);
        }

        var parameters = new ContainerEventsParameters
        {
            Since = since,
            Filters = new Dictionary<string, IDictionary<string, bool>>
            {
                ["type"] = new Dictionary<string, bool> { ["container"] = true },
                ["event"] = _events.ToDictionary(name => name, _ => true),
            },
        };
        var stream = _docker.System.MonitorEventsAsync(parameters, new EventSink(OnEvent), together.Token);
        var refreshing = RefreshAsync(together.Token);
        await Task.WhenAny(stream, refreshing);
        await together.CancelAsync();
        await Task.WhenAll(stream, refreshing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        await (refreshing.IsFaulted ? refreshing : Task.CompletedTask);
        throw stream.Exception?.GetBaseException() is DockerApiException refused ? refused : new IOException("it ended the stream of events", stream.Exception);
    }

    private void OnEvent(Message message)
    {
        lock (_gate)
        {
            // A unit may know its container by its identifier, or by the beginning of that.
            string name = message.Actor.Attributes.TryGetValue("name", out string? named) ? named : "";
            Refresh(_followed.Where(followed => followed == name || message.Actor.ID.StartsWith(followed, StringComparison.Ordinal)));

            // A name that was given up.
            Refresh(message.Actor.Attributes.TryGetValue("oldName", out string? old) ? _followed.Where(followed => $"/{followed}" == old || followed == old) : []);
        }
    }

    private void Refresh(IEnumerable<string> names)
    {
        _stale.UnionWith(names);
        if (_stale.Count > 0 && _work.CurrentCount == 0)
        {
            _work.Release();
        }
    }

    private async Task RefreshAsync(CancellationToken cancel)
    {
        for (; ; )
        {
            await _work.WaitAsync(cancel);
            foreach (string name in TakeStale())
            {
                await RefreshAsync(name, cancel);
            }
        }
    }

    private async Task RefreshAsync(string name, CancellationToken cancel)
    {
        try
        {
            var container = await InspectAsync(name, cancel);
            lock (_gate)
            {
                _known = container is null ? _known.Remove(name) : _followed.Contains(name) ? _known.SetItem(name, container) : _known;
            }
        }
        catch (TimeoutException)
        {
            // A busy host: Docker tells nothing of a container while it starts it. Only a Docker that answers nothing at all is lost.
            await WithinPatienceAsync(_docker.System.PingAsync, cancel);
            lock (_gate)
            {
                Refresh([name]);
            }
        }
    }

    private string[] TakeStale()
    {
        lock (_gate)
        {
            string[] names = [.. _stale];
            _stale.Clear();
            return names;
        }
    }

    private async Task<Container?> InspectAsync(string name, CancellationToken cancel)
    {
        try
        {
            Container? container = null;
            await WithinPatienceAsync(async limit => container = InspectedContainer.Read(name, await _docker.Containers.InspectContainerAsync(name, limit)), cancel);
            return container;
        }
        catch (DockerApiException refused) when (refused.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <exception cref="TimeoutException">It took too long.</exception>
    private async Task WithinPatienceAsync(Func<CancellationToken, Task> ask, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(_patience, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            await ask(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"no answer within {_patience.TotalSeconds} seconds"));
        }
    }

    // A socket's own words where there is one; how the stream broke off is not worth them.
    private static string Describe(Exception failure) => failure.GetBaseException() is System.Net.Sockets.SocketException socket
        ? socket.SocketErrorCode == System.Net.Sockets.SocketError.AddressNotAvailable ? "there is no such socket" : socket.Message
        : failure.Message;

    // The same failure every two seconds is said once.
    private void TellFailure(string message)
    {
        if (_lastFailure is null)
        {
            _log.DockerLost(_endpoint, message);
        }

        _lastFailure = message;
    }

    // Progress<T> would hand the events to the thread pool, in any order.
    private sealed class EventSink(Action<Message> onEvent) : IProgress<Message>
    {
        public void Report(Message value) => onEvent(value);
    }
}
