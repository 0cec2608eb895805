using System.Text;
using Coreutil.Core.Files;
using Coreutil.Fleet.Machines;

namespace Coreutil.Fleet.Agent;

/// <summary>
/// Which units were launched in this boot, kept in a file: a fleetd that was killed must not start a unit again that ran to its end. The first line is
/// the boot; after another one nothing counts.
/// </summary>
public sealed class LaunchRecord(string file)
{
    private readonly string _boot = LocalInstance.BootIdentity();
    private HashSet<string>? _launched;

    public bool Contains(string unit) => Launched.Contains(unit);

    /// <exception cref="IOException">It cannot be written; it counts nevertheless while this process lives.</exception>
    public void Set(string unit, bool isLaunched)
    {
        if (isLaunched ? Launched.Add(unit) : Launched.Remove(unit))
        {
            AtomicFile.WriteForThisBoot(file, Encoding.UTF8.GetBytes(string.Join('\n', Launched.Order(StringComparer.Ordinal).Prepend(_boot))));
        }
    }

    private HashSet<string> Launched => _launched ??= Read();

    private HashSet<string> Read()
    {
        try
        {
            return File.ReadAllLines(file) is [var boot, .. var units] && boot == _boot ? [.. units] : [];
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
