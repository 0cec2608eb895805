using System.Globalization;
using System.Runtime.InteropServices;

namespace Coreutil.Confd.Resources;

/// <summary>Who owns a file, by number. The framework knows modes but no owners.</summary>
internal readonly partial record struct FileOwner(uint User, uint Group)
{
    private const string Own = "-1";
    private const int CurrentDirectory = -100;
    private const uint BasicFields = 0x7ff;
    private const int StatxSize = 256;
    private const int UserOffset = 20;
    private const int GroupOffset = 24;

    public static FileOwner Effective => new(EffectiveUser(), EffectiveGroup());

    /// <summary>A link that leads nowhere is no file, though the framework says so.</summary>
    public static bool IsFile(string path) => Of(path) is not null && File.Exists(path);

    /// <summary>Null when the file cannot be looked at.</summary>
    public static unsafe FileOwner? Of(string path)
    {
        byte* buffer = stackalloc byte[StatxSize];
        if (Statx(CurrentDirectory, path, 0, BasicFields, buffer) != 0)
        {
            return null;
        }

        var fields = new ReadOnlySpan<byte>(buffer, StatxSize);
        return new FileOwner(MemoryMarshal.Read<uint>(fields[UserOffset..]), MemoryMarshal.Read<uint>(fields[GroupOffset..]));
    }

    /// <summary>Fails without the right to give files away, which the caller does not mind: the comparison tells.</summary>
    public bool TryApply(string path) => ChangeOwner(path, User, Group) == 0;

    /// <summary>Numbers, or names of /etc/passwd and /etc/group; none, or -1 as in the original, means confd's own.</summary>
    public static FileOwner Resolve(string? user, string? group) => new(
        user is null or Own ? EffectiveUser() : Identifier(user, "/etc/passwd", "user"),
        group is null or Own ? EffectiveGroup() : Identifier(group, "/etc/group", "group"));

    private static uint Identifier(string name, string database, string what)
    {
        if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            return number;
        }

        string? line = File.Exists(database)
            ? File.ReadLines(database).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            : null;
        return uint.TryParse(line?.Split(':').ElementAtOrDefault(2), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            ? number
            : throw new ConfdException($"unknown {what} {name} (not in {database})");
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint EffectiveGroup();

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* buffer);
}
