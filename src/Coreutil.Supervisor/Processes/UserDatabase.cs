using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.Supervisor.Processes;

public sealed record UserEntry(string Name, uint Id, uint GroupId, string Home, string Shell);

/// <summary>Users and groups from their files: a static binary must not load the host's name service modules.</summary>
public sealed class UserDatabase(string passwdFile = "/etc/passwd", string groupFile = "/etc/group")
{
    /// <summary>By name, or by a number that need not be listed; null when it is neither.</summary>
    public UserEntry? TryFindUser(string nameOrId)
    {
        var found = Lines(passwdFile, 7).Where(fields => fields[0] == nameOrId || fields[2] == nameOrId)
            .Select(fields => new UserEntry(fields[0], Number(fields[2]), Number(fields[3]), fields[5], fields[6])).FirstOrDefault();
        return found ?? (uint.TryParse(nameOrId, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? new UserEntry(nameOrId, id, id, "/", "/bin/sh") : null);
    }

    /// <summary>By name or number; null when it is neither.</summary>
    public uint? TryFindGroup(string nameOrId) =>
        Lines(groupFile, 4).Where(fields => fields[0] == nameOrId).Select(fields => (uint?)Number(fields[2])).FirstOrDefault()
        ?? (uint.TryParse(nameOrId, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : null);

    public ImmutableArray<uint> GroupsOf(string user) =>
        [.. Lines(groupFile, 4).Where(fields => fields[3].Split(',').Contains(user)).Select(fields => Number(fields[2]))];

    private static IEnumerable<string[]> Lines(string file, int fields) =>
        File.Exists(file) ? File.ReadLines(file).Select(line => line.Split(':')).Where(line => line.Length >= fields) : [];

    private static uint Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : 0;
}
