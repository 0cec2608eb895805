using System.Collections.Immutable;
using System.Text;
using Coreutil.Units.Systemd.DBus;

namespace Coreutil.Units.Systemd;

/// <summary>One unit as ListUnits tells of it.</summary>
public sealed record SystemdUnitRow(string Name, string Description, UnitState State, string Path, uint JobId);

/// <summary>The methods of org.freedesktop.systemd1.Manager that fleet uses, with typed arguments.</summary>
public sealed class SystemdManagerCalls(SystemdBus bus)
{
    private const string UnknownMethod = "org.freedesktop.DBus.Error.UnknownMethod";
    private const string RowsSignature = "a(ssssssouso)";

    /// <summary>The object of a unit: every byte of its name that is no letter or digit (nor a digit at the start) is written <c>_xx</c>.</summary>
    public static string ObjectPath(string unit)
    {
        var path = new StringBuilder("/org/freedesktop/systemd1/unit/");
        int start = path.Length;
        foreach (byte next in Encoding.UTF8.GetBytes(unit))
        {
            bool isPlain = char.IsAsciiLetter((char)next) || (char.IsAsciiDigit((char)next) && path.Length > start);
            _ = isPlain ? path.Append((char)next) : path.Append('_').Append(Convert.ToHexStringLower([next]));
        }

        return path.ToString();
    }

    /// <summary>Links a file from elsewhere into /run/systemd/system.</summary>
    public Task LinkRuntimeAsync(string path, CancellationToken cancel) =>
        bus.CallManagerAsync("LinkUnitFiles", "asbb", new DBusWriter().WriteStrings([path]).WriteBoolean(true).WriteBoolean(true), cancel);

    /// <summary>True when the file really had something to install.</summary>
    public async Task<bool> EnableRuntimeAsync(string path, CancellationToken cancel)
    {
        var reply = await bus.CallManagerAsync(
            "EnableUnitFiles", "asbb", new DBusWriter().WriteStrings([path]).WriteBoolean(true).WriteBoolean(true), cancel);
        return reply.Read("ba(sss)").ReadBoolean();
    }

    public Task DisableRuntimeAsync(string name, CancellationToken cancel) =>
        bus.CallManagerAsync("DisableUnitFiles", "asb", new DBusWriter().WriteStrings([name]).WriteBoolean(true), cancel);

    public Task ReloadAsync(CancellationToken cancel) => bus.CallManagerAsync("Reload", "", null, cancel);

    public Task StartAsync(string name, CancellationToken cancel) => QueueAsync("StartUnit", name, cancel);

    public Task StopAsync(string name, CancellationToken cancel) => QueueAsync("StopUnit", name, cancel);

    public Task ResetFailedAsync(string name, CancellationToken cancel) =>
        bus.CallManagerAsync("ResetFailedUnit", "s", new DBusWriter().WriteString(name), cancel);

    /// <summary>All named units in one call; where systemd is older than 230, all that are loaded and then the missing ones singly.</summary>
    public async Task<ImmutableArray<SystemdUnitRow>> ListAsync(ImmutableArray<string> names, CancellationToken cancel)
    {
        try
        {
            return ReadRows(await bus.CallManagerAsync("ListUnitsByNames", "as", new DBusWriter().WriteStrings(names), cancel));
        }
        catch (DBusCallException old) when (old.Name == UnknownMethod)
        {
            var loaded = ReadRows(await bus.CallManagerAsync("ListUnits", "", null, cancel)).Where(row => names.Contains(row.Name)).ToImmutableArray();
            var rows = loaded.ToBuilder();
            foreach (string name in names.Except(loaded.Select(row => row.Name)))
            {
                rows.Add(await ReadSinglyAsync(name, cancel));
            }

            return rows.ToImmutable();
        }
    }

    private Task<DBusMessage> QueueAsync(string member, string name, CancellationToken cancel) =>
        bus.CallManagerAsync(member, "ss", new DBusWriter().WriteString(name).WriteString("replace"), cancel);

    private async Task<SystemdUnitRow> ReadSinglyAsync(string name, CancellationToken cancel)
    {
        string path = (await bus.CallManagerAsync("LoadUnit", "s", new DBusWriter().WriteString(name), cancel)).Read("o").ReadString();
        var state = new UnitState(
            await bus.ReadUnitPropertyAsync(path, "LoadState", cancel),
            await bus.ReadUnitPropertyAsync(path, "ActiveState", cancel),
            await bus.ReadUnitPropertyAsync(path, "SubState", cancel));
        return new(name, name, state, path, JobId: 0);
    }

    private static ImmutableArray<SystemdUnitRow> ReadRows(DBusMessage reply)
    {
        var reader = reply.Read(RowsSignature);
        var rows = ImmutableArray.CreateBuilder<SystemdUnitRow>();
        int end = reader.ReadArrayEnd(elementAlignment: 8);
        while (reader.Position < end)
        {
            reader.ReadStructureStart();
            string name = reader.ReadString();
            string description = reader.ReadString();
            var state = new UnitState(reader.ReadString(), reader.ReadString(), reader.ReadString());
            reader.ReadString();
            string path = reader.ReadString();
            uint job = reader.ReadUInt32();
            reader.ReadString();
            reader.ReadString();
            rows.Add(new(name, description, state, path, job));
        }

        reader.ExpectArrayEnd(end);
        return rows.ToImmutable();
    }
}
