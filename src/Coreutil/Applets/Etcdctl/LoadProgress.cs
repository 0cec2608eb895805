using Coreutil.Core.Applets;

namespace Coreutil.Applets.Etcdctl;

/// <summary>A bar on a terminal, nothing anywhere else.</summary>
internal sealed class LoadProgress(AppletContext context, long totalBytes)
{
    private const int Width = 40;
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(100);
    private long _shown;

    public void Show(long records, long bytes)
    {
        if (!context.IsErrorTerminal || context.Time.GetElapsedTime(_shown) < _interval)
        {
            return;
        }

        _shown = context.Time.GetTimestamp();
        context.Error.Write($"\r{Bar(bytes)}{records} records");
    }

    public void End(long records)
    {
        if (context.IsErrorTerminal)
        {
            context.Error.WriteLine($"\r{Bar(totalBytes)}{records} records");
        }
    }

    private string Bar(long bytes)
    {
        if (totalBytes == 0)
        {
            return "";
        }

        int full = (int)Math.Clamp(bytes * Width / totalBytes, 0, Width);
        return $"[{new string('#', full)}{new string('.', Width - full)}] ";
    }
}
