using System.Collections.Immutable;
using Coreutil.Units.Systemd.DBus;

namespace Coreutil.Units.Systemd;

/// <summary>
/// Calls to systemd's manager over a connection that comes back by itself: when systemd executes itself anew (an upgrade, daemon-reexec) or the bus is
/// restarted, the call in hand is sent again. All calls fleet makes may be repeated.
/// </summary>
public sealed class SystemdBus(ImmutableArray<SystemdSocket> sockets, Action<DBusMessage> onSignal, TimeProvider time) : IAsyncDisposable
{
    private const string Service = "org.freedesktop.systemd1";
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    private const string BusService = "org.freedesktop.DBus";

    private static readonly TimeSpan _callLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <summary>systemd needs some tenths of a second to execute itself; what takes longer is an outage, and the caller hears of it.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _connecting = new(1);
    private (DBusConnection Connection, bool IsBus)? _current;

    /// <summary>Calls a method of the manager object.</summary>
    /// <exception cref="DBusCallException">systemd refused.</exception>
    /// <exception cref="SystemdException">It cannot be reached.</exception>
    public Task<DBusMessage> CallManagerAsync(string member, string signature, DBusWriter? body, CancellationToken cancel) =>
        CallAsync(Message(ManagerPath, ManagerInterface, member, signature, body), cancel);

    /// <summary>Reads a property of a unit object.</summary>
    public async Task<string> ReadUnitPropertyAsync(string unitPath, string name, CancellationToken cancel)
    {
        var body = new DBusWriter().WriteString("org.freedesktop.systemd1.Unit").WriteString(name);
        return (await CallAsync(Message(unitPath, "org.freedesktop.DBus.Properties", "Get", "ss", body), cancel)).Read("v").ReadStringVariant();
    }

    public async ValueTask DisposeAsync()
    {
        if (_current is { } current)
        {
            await current.Connection.DisposeAsync();
        }

        _connecting.Dispose();
    }

    private async Task<DBusMessage> CallAsync(DBusMessage call, CancellationToken cancel)
    {
        long begin = time.GetTimestamp();
        for (; ; )
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(_callLimit);
            try
            {
                var (connection, isBus) = await ConnectAsync(limit.Token);
                return await connection.CallAsync(isBus ? call with { Destination = Service } : call, limit.Token);
            }
            catch (Exception outage) when (IsOutage(outage, cancel))
            {
                if (time.GetElapsedTime(begin) > _patience)
                {
                    throw new SystemdException($"systemd does not answer {call.Member}: {outage.Message}", outage);
                }
            }

            await Task.Delay(_pause, time, cancel);
        }
    }

    /// <summary>A bus without systemd on it answers with errors of its own while systemd executes itself anew.</summary>
    private static bool IsOutage(Exception failure, CancellationToken cancel) => failure switch
    {
        DBusException => true,
        OperationCanceledException => !cancel.IsCancellationRequested,
        DBusCallException refusal => refusal.Name is "org.freedesktop.DBus.Error.NoReply" or "org.freedesktop.DBus.Error.Disconnected"
            or "org.freedesktop.DBus.Error.NameHasNoOwner" or "org.freedesktop.DBus.Error.ServiceUnknown",
        _ => false,
    };

    private async Task<(DBusConnection Connection, bool IsBus)> ConnectAsync(CancellationToken cancel)
    {
        await _connecting.WaitAsync(cancel);
        try
        {
            if (_current is { Connection.IsOpen: true } open)
            {
                return open;
            }

            if (_current is { } broken)
            {
                _current = null;
                await broken.Connection.DisposeAsync();
            }

            var opened = await OpenFirstAsync(cancel);
            _current = opened;
            return opened;
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task<(DBusConnection Connection, bool IsBus)> OpenFirstAsync(CancellationToken cancel)
    {
        var failures = new List<string>();
        foreach (var socket in sockets)
        {
            DBusConnection? connection = null;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(_patience);
            try
            {
                connection = await DBusConnection.ConnectAsync(socket.Path, OnSignal, limit.Token);
                await IntroduceAsync(connection, socket.IsBus, limit.Token);
                return (connection, socket.IsBus);
            }
            catch (Exception failure) when (failure is DBusException or DBusCallException || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                failures.Add(failure.Message);
                if (connection is not null)
                {
                    await connection.DisposeAsync();
                }
            }
        }

        throw new DBusException(failures.Count > 0 ? string.Join("; ", failures) : "there is no bus address: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set");
    }

    /// <summary>A bus wants a greeting and to know which signals we want; without Subscribe() systemd sends none to it.</summary>
    private static async Task IntroduceAsync(DBusConnection connection, bool isBus, CancellationToken cancel)
    {
        if (isBus)
        {
            await CallBusAsync(connection, "Hello", null, cancel);
            await CallBusAsync(connection, "AddMatch", $"type='signal',sender='{Service}',interface='{ManagerInterface}'", cancel);
            await CallBusAsync(
                connection, "AddMatch", $"type='signal',sender='{Service}',interface='org.freedesktop.DBus.Properties',path_namespace='{ManagerPath}/unit'", cancel);

            // A systemd that was restarted comes back with a new owner of its name and without our subscription.
            await CallBusAsync(connection, "AddMatch", $"type='signal',sender='{BusService}',member='NameOwnerChanged',arg0='{Service}'", cancel);
        }

        var subscribe = Message(ManagerPath, ManagerInterface, "Subscribe", "", null);
        await connection.CallAsync(isBus ? subscribe with { Destination = Service } : subscribe, cancel);
    }

    private void OnSignal(DBusMessage signal)
    {
        if (signal is { Interface: BusService, Member: "NameOwnerChanged" } && _current is { } current)
        {
            // Not awaited: its reply arrives on the very task that calls us, and a failure shows at the next call.
            _ = current.Connection.CallAsync(Message(ManagerPath, ManagerInterface, "Subscribe", "", null) with { Destination = Service }, CancellationToken.None)
                .ContinueWith(done => done.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }

        onSignal(signal);
    }

    private static Task<DBusMessage> CallBusAsync(DBusConnection connection, string member, string? argument, CancellationToken cancel) => connection.CallAsync(
        Message("/org/freedesktop/DBus", BusService, member, argument is null ? "" : "s", argument is null ? null : new DBusWriter().WriteString(argument))
            with
        { Destination = BusService },
        cancel);

    private static DBusMessage Message(string path, string @interface, string member, string signature, DBusWriter? body) => new()
    {
        Type = DBusMessageType.MethodCall,
        Path = path,
        Interface = @interface,
        Member = member,
        Signature = signature,
        Body = body?.Written.ToArray(),
    };
}
