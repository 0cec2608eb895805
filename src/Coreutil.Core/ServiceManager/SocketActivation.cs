using System.Collections.Immutable;
using System.Globalization;

namespace Coreutil.Core.ServiceManager;

/// <summary>sd_listen_fds(3): the sockets that a service manager opened for this process, with their names.</summary>
public static class SocketActivation
{
    private const int FirstDescriptor = 3;

    /// <param name="variable">Reads the environment.</param>
    /// <param name="processId">The variables may have been meant for a parent.</param>
    public static ImmutableArray<(int Descriptor, string Name)> Sockets(Func<string, string?> variable, int processId)
    {
        if (variable("LISTEN_PID") != processId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(variable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            return [];
        }

        string[] names = variable("LISTEN_FDNAMES")?.Split(':') ?? [];
        return [.. Enumerable.Range(0, count).Select(i => (FirstDescriptor + i, i < names.Length ? names[i] : ""))];
    }
}
