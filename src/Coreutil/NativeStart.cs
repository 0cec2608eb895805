using System.Runtime.InteropServices;

namespace Coreutil;

/// <summary>What must happen before managed code looks up a host, a user or a group.</summary>
internal static partial class NativeStart
{
    public static void PinNameServices()
    {
        Pin("hosts", "files dns");
        Pin("passwd", "files");
        Pin("group", "files");
        Pin("initgroups", "files");
    }

    [LibraryImport("libc", EntryPoint = "__nss_configure_lookup", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Pin(string database, string services);
}
