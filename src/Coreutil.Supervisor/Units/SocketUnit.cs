using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Units.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>Listens, and starts its service when somebody comes: one service for all, or an instance for each connection (Accept=yes).</summary>
public sealed class SocketUnit(UnitDefinition definition, TriggerHost host, DescriptorWatch watch) : TriggerUnit(definition, host)
{
    // systemd's TriggerLimitBurst= and TriggerLimitIntervalSec=.
    private const int TriggerBurst = 20;
    private const int AcceptingTriggerBurst = 200;
    private static readonly TimeSpan _triggerInterval = TimeSpan.FromSeconds(2);

    private readonly StartLimit _triggers = new();
    private readonly Dictionary<string, int> _connections = new(StringComparer.Ordinal);
    private ImmutableArray<ListeningSocket> _sockets = [];
    private int _accepted;

    /// <summary>Of Accept=yes: connections so far.</summary>
    public int Accepted => _accepted;

    /// <summary>And those that wait for the start of their instance.</summary>
    public int Connected => _connections.Count;

    /// <summary>What a service gets that this socket starts: the listening sockets, or the connection of an instance.</summary>
    public ImmutableArray<(int Descriptor, string Name)> SocketsFor(string service) =>
        _connections.TryGetValue(service, out var connection) ? [(connection, "connection")]
        : !Settings.Accepts && service == Settings.Service && IsActive ? [.. _sockets.Select(socket => (socket.Descriptor, Settings.DescriptorName))]
        : [];

    /// <summary>The service's process has its own copy by now.</summary>
    public void ReleaseConnection(string service)
    {
        if (_connections.Remove(service, out int connection))
        {
            ListeningSocket.CloseConnection(connection);
        }
    }

    public override void Stop(bool isRestart)
    {
        Close();
        Enter(IsActive ? "dead" : Sub);
    }

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if (Sub is not ("listening" or "running"))
        {
            return;
        }

        if (triggered is { State.ActiveState: "failed", Result: ServiceResult.StartLimitHit } || triggered.IsStartLimitHit)
        {
            Close();
            Enter("failed", ServiceResult.ServiceStartLimitHit);
        }
        else if ((triggered.IsIdle || triggered.IsWaitingToRestart) && (_sockets.Length > 0 || TryOpen()))
        {
            Listen();
        }
        else if (triggered.State.SubState == "running")
        {
            Unlisten();
            Enter("running");
        }
    }

    public override void Forget() => Close();

    protected override void Activate()
    {
        if (TryOpen())
        {
            Listen();
        }
    }

    protected override TriggerMemory RememberMore(TriggerMemory memory) => memory with
    {
        Accepted = _accepted,
        Sockets = [.. _sockets.Select(socket => socket.Descriptor)],
        Connections = _connections.ToImmutableDictionary(),
    };

    /// <summary>With the sockets as they were where this process had them; else a new one is opened, as soon as no service listens on the old one any more.</summary>
    protected override void Resume(TriggerMemory memory)
    {
        _accepted = memory.Accepted;
        if (Host.IsReexecuted)
        {
            _sockets = [.. memory.Sockets.Zip(Settings.Listens, (descriptor, listen) => ListeningSocket.Take(descriptor, listen.Address))];
            foreach (var (service, connection) in memory.Connections)
            {
                _connections[service] = connection;
            }
        }

        if (Sub == "listening" && (_sockets.Length > 0 || TryOpen()))
        {
            Listen();
        }
    }

    private bool TryOpen()
    {
        try
        {
            var opened = ImmutableArray.CreateBuilder<ListeningSocket>();
            foreach (var (kind, address) in Settings.Listens)
            {
                opened.Add(ListeningSocket.Open(kind, address, Settings));
            }

            _sockets = opened.ToImmutable();
            return true;
        }
        catch (Exception refused) when (refused is SocketException or IOException or UnauthorizedAccessException)
        {
            Close();
            Enter("failed", ServiceResult.Resources);
            return false;
        }
    }

    private SocketSettings Settings => Definition.Socket!;

    private void Listen()
    {
        Enter("listening");
        foreach (var socket in _sockets)
        {
            watch.Watch(socket.Descriptor, () => Host.Post(() => OnTraffic(socket)));
        }
    }

    private void Unlisten()
    {
        foreach (var socket in _sockets)
        {
            watch.Unwatch(socket.Descriptor);
        }
    }

    private void OnTraffic(ListeningSocket socket)
    {
        if (Sub != "listening" || !_sockets.Contains(socket))
        {
            return;
        }

        if (!_triggers.TryTake(Settings.Accepts ? AcceptingTriggerBurst : TriggerBurst, _triggerInterval, Now))
        {
            Close();
            Enter("failed", ServiceResult.TriggerLimitHit);
        }
        else if (Settings.Accepts)
        {
            StartInstance(socket);
        }
        else
        {
            Unlisten();
            Enter("running");
            if (Host.Start(Settings.Service) is not null)
            {
                Close();
                Enter("failed", ServiceResult.Resources);
            }
        }
    }

    private void StartInstance(ListeningSocket socket)
    {
        if (socket.TryAccept() is { } connection)
        {
            string service = string.Create(CultureInfo.InvariantCulture, $"{UnitName.WithoutSuffix(Name)}@{_accepted++}.service");
            _connections[service] = connection;
            if (Host.Start(service) is not null)
            {
                ReleaseConnection(service);
            }
        }

        watch.Watch(socket.Descriptor, () => Host.Post(() => OnTraffic(socket)));
    }

    private void Close()
    {
        Unlisten();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
            if (Settings.IsRemovedOnStop)
            {
                socket.RemovePath();
            }
        }

        _sockets = [];
    }
}
