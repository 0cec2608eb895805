using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using Coreutil.Supervisor.Journal;
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

    /// <summary>Of so many connections the journals are kept.</summary>
    private const int KeptJournals = 100;

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

    /// <summary>Whether it is one of the instances that this socket starts, one for each connection.</summary>
    public bool HasInstance(string service) => Settings.Accepts && UnitName.Template(service) == $"{UnitName.WithoutSuffix(Name)}@.service";

    /// <summary>The service's process has its own copy by now.</summary>
    public void ReleaseConnection(string service)
    {
        if (_connections.Remove(service, out int connection))
        {
            Host.Guard?.DropDescriptor(KeyOf(service));
            ListeningSocket.CloseConnection(connection);
        }
    }

    public override void Stop(bool isRestart)
    {
        Close();
        Leave();
    }

    public override void OnTriggeredChanged(SupervisedUnit triggered)
    {
        if (Sub is not ("listening" or "running"))
        {
            return;
        }

        if (triggered.IsStartLimitHit)
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

    /// <summary>A service that runs has its sockets already, or listens on some of its own.</summary>
    protected override string? WhyNot() =>
        MissingTrigger is { } missing ? $"Socket service {missing} not loaded, refusing."
        : !Settings.Accepts && !IsTriggeredIdle(Settings.Service) ? $"Socket service {Settings.Service} already active, refusing."
        : null;

    protected override void Activate()
    {
        if (TryOpen() && TryOwn())
        {
            Listen();
        }
    }

    private bool TryOwn()
    {
        if (Settings.User is null && Settings.Group is null)
        {
            return true;
        }

        Host.Journals.Report(Name, $"Starting {Definition.Title}...");
        NotePassage(new("loaded", "activating", "start-chown"));
        var users = new UserDatabase();
        var user = Settings.User is { } name ? users.TryFindUser(name) : null;
        uint? group = Settings.Group is { } groupName ? users.TryFindGroup(groupName) : user?.GroupId;
        bool isKnown = (Settings.User is null || user is not null) && (Settings.Group is null || group is not null);
        if (!isKnown || _sockets.Any(socket => !socket.TryOwn(user?.Id, group)))
        {
            Close();
            if (!isKnown)
            {
                Report($"Control process exited, code=exited, status={ExitCodeNames.User}/{ExitCodeNames.Of(ExitCodeNames.User)}", Priorities.Notice);
            }

            Enter("failed", isKnown ? ServiceResult.Resources : ServiceResult.ExitCode);
            return false;
        }

        return true;
    }

    protected override TriggerMemory RememberMore(TriggerMemory memory) => memory with
    {
        Accepted = _accepted,
        Sockets = [.. _sockets.Select(socket => socket.Descriptor)],
        Connections = _connections.ToImmutableDictionary(),
    };

    /// <summary>
    /// With the sockets as they were where this process had them, or the guard kept them; else a new one is opened, as soon as no service listens on the old
    /// one any more.
    /// </summary>
    protected override void Resume(TriggerMemory memory)
    {
        _accepted = memory.Accepted;
        if (Host.IsReexecuted)
        {
            _sockets = [.. memory.Sockets.Zip(Settings.Listens, (descriptor, listen) => ListeningSocket.Take(descriptor, listen.Kind, listen.Address))];
            foreach (var (service, connection) in memory.Connections)
            {
                _connections[service] = connection;
            }
        }
        else
        {
            TakeKept(memory);
        }

        if (Sub == "listening" && (_sockets.Length > 0 || TryOpen()))
        {
            Listen();
        }
    }

    private void TakeKept(TriggerMemory memory)
    {
        if (IsActive)
        {
            int?[] kept = [.. Settings.Listens.Select(listen => Host.Guard?.TryTakeDescriptor(KeyOf(listen.Kind, listen.Address)))];
            if (kept.All(descriptor => descriptor is not null))
            {
                _sockets = [.. kept.Zip(Settings.Listens, (descriptor, listen) => ListeningSocket.Take(descriptor!.Value, listen.Kind, listen.Address))];
            }
        }

        foreach (string service in memory.Connections.Keys)
        {
            if (Host.Guard?.TryTakeDescriptor(KeyOf(service)) is { } connection)
            {
                _connections[service] = connection;
                Host.Post(() => StartFor(service));
            }
        }
    }

    /// <summary>The unitd that accepted the connection may have been killed before the instance was started, or after.</summary>
    private void StartFor(string service)
    {
        if (!IsTriggeredIdle(service) || Host.Start(service) is not null)
        {
            ReleaseConnection(service);
        }
    }

    private string KeyOf(SocketKind kind, string address) => $"{Name} {kind} {address}";

    private string KeyOf(string service) => $"{Name} connection {service}";

    private string InstanceOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{UnitName.WithoutSuffix(Name)}@{number}.service");

    private bool TryOpen()
    {
        string at = "";
        try
        {
            var opened = ImmutableArray.CreateBuilder<ListeningSocket>();
            foreach (var (kind, address) in Settings.Listens)
            {
                at = address;
                opened.Add(ListeningSocket.Open(kind, address, Settings));
            }

            _sockets = opened.ToImmutable();
            foreach (var socket in _sockets)
            {
                Host.Guard?.KeepDescriptor(KeyOf(socket.Kind, socket.Address), socket.Descriptor);
            }

            return true;
        }
        catch (Exception refused) when (refused is SocketException or IOException or UnauthorizedAccessException)
        {
            Report($"Failed to create listening socket ({at}): {SystemError.TextOf(refused)}", Priorities.Error);
            Report($"Failed to listen on sockets: {SystemError.TextOf(refused)}", Priorities.Warning);
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
            string service = InstanceOf(_accepted++);
            if (_accepted > KeptJournals)
            {
                Host.Journals.Delete(InstanceOf(_accepted - KeptJournals - 1));
            }

            _connections[service] = connection;
            Host.Guard?.KeepDescriptor(KeyOf(service), connection);

            // A number that was given away is remembered before anybody can be killed.
            Touched(this);
            StartFor(service);
        }

        watch.Watch(socket.Descriptor, () => Host.Post(() => OnTraffic(socket)));
    }

    private void Close()
    {
        Unlisten();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
            Host.Guard?.DropDescriptor(KeyOf(socket.Kind, socket.Address));
            if (Settings.IsRemovedOnStop)
            {
                socket.RemovePath();
            }
        }

        if (_sockets.Length > 0)
        {
            // The address is free when this returns: it may be the next thing somebody asks for.
            Host.Guard?.WaitForDrops();
        }

        _sockets = [];
    }
}
