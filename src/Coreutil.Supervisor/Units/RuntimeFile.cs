using System.Text.Json;
using Coreutil.Core.Files;

namespace Coreutil.Supervisor.Units;

/// <summary>A unit's memory on disk: after a reboot it counts no more.</summary>
public sealed record SavedUnit(string Boot, UnitMemory Unit);

/// <summary>The file of one unit's <see cref="UnitMemory"/>, for the supervisor after one that was killed; written only when something changed.</summary>
public sealed class RuntimeFile(string path, string boot)
{
    private byte[]? _written;

    /// <summary>Null where there is none of this boot, or what a crash left of one.</summary>
    public UnitMemory? Read()
    {
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize(File.ReadAllText(path), UnitMemoryJson.Default.SavedUnit) is { Unit: not null } saved && saved.Boot == boot
                ? saved.Unit
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Write(UnitMemory memory)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(new SavedUnit(boot, memory), UnitMemoryJson.Default.SavedUnit);
        if (_written is not null && bytes.AsSpan().SequenceEqual(_written))
        {
            return;
        }

        AtomicFile.WriteForThisBoot(path, bytes);
        _written = bytes;
    }

    public void Delete()
    {
        File.Delete(path);
        _written = null;
    }
}
