namespace Coreutil.Supervisor.Processes;

/// <summary>Tells when something was mounted or unmounted, by whomever (proc(5): polling mountinfo).</summary>
internal sealed class MountWatch(DescriptorWatch watch, Action onChanged) : IDisposable
{
    private readonly int _table = LibC.Open(MountTable.Path, LibC.OpenCloseOnExec, 0);

    /// <summary>Where file systems are now; the next change after it is told.</summary>
    public HashSet<string> Read()
    {
        watch.WatchChange(_table, onChanged);
        return MountTable.ReadPoints();
    }

    public void Dispose() => LibC.Close(_table);
}
