using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor;

/// <summary>All that a unitd hands to the one that it becomes: units, jobs, and descriptors that stay open.</summary>
public sealed record Handover
{
    public ImmutableArray<UnitMemory> Units { get; init; } = [];

    public ImmutableArray<JobMemory> Jobs { get; init; } = [];

    public long Generation { get; init; }

    public DateTimeOffset Startup { get; init; }

    public int Notify { get; init; }

    public int Listener { get; init; }

    /// <summary>Who asked for it: answered by the new unitd.</summary>
    public int Client { get; init; }

    /// <summary>Zero where there is none.</summary>
    public int Guard { get; init; }

    [JsonIgnore]
    private IEnumerable<int> Descriptors =>
    [
        Notify, Listener, Client, .. Guard == 0 ? (int[])[] : [Guard],
        .. Units.SelectMany(unit => unit.Trigger is { } trigger ? trigger.Sockets.Concat(trigger.Connections.Values) : []),
    ];

    private const string Variable = "UNITD_HANDOVER";

    /// <summary>What the unitd before us left in this same process; null where there was none.</summary>
    public static Handover? TryTake()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor))
        {
            return null;
        }

        Environment.SetEnvironmentVariable(Variable, null);
        using var memory = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read);
        memory.Position = 0;
        var handover = JsonSerializer.Deserialize(memory, HandoverJson.Default.Handover)
            ?? throw new UnitdException("the state handed over is empty");
        foreach (int kept in handover.Descriptors)
        {
            _ = LibC.FileControl(kept, LibC.SetDescriptorFlags, LibC.CloseOnExecFlag);
        }

        return handover;
    }

    /// <summary>Becomes <paramref name="executable"/> with the command line of this process. Returns only when that failed; all is as before then.</summary>
    public unsafe string Execute(string executable)
    {
        int memory = LibC.MemoryFile("unitd", LibC.MemoryCloseOnExec);
        if (memory < 0)
        {
            return $"memfd_create: {Marshal.GetLastPInvokeErrorMessage()}";
        }

        using (var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(memory, ownsHandle: false), FileAccess.Write))
        {
            JsonSerializer.Serialize(file, this, HandoverJson.Default.Handover);
        }

        string variable = string.Create(CultureInfo.InvariantCulture, $"{Variable}={memory}");
        byte* path = NativeStrings.Copy(executable);
        using var arguments = new NativeStrings(Environment.GetCommandLineArgs());
        using var variables = new NativeStrings([.. NativeStrings.OwnEnvironment(), variable]);

        // Only now, when no child is started any more, may they be inherited.
        int[] kept = [memory, .. Descriptors];
        foreach (int descriptor in kept)
        {
            _ = LibC.FileControl(descriptor, LibC.SetDescriptorFlags, 0);
        }

        _ = LibC.Execute(path, arguments.Vector, variables.Vector);
        string failure = $"cannot execute {executable}: {Marshal.GetLastPInvokeErrorMessage()}";
        foreach (int descriptor in kept)
        {
            _ = LibC.FileControl(descriptor, LibC.SetDescriptorFlags, LibC.CloseOnExecFlag);
        }

        _ = LibC.Close(memory);
        NativeMemory.Free(path);
        return failure;
    }
}

public sealed record JobMemory(string Unit, JobKind Kind, bool IsRunning);

[JsonSerializable(typeof(Handover))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class HandoverJson : JsonSerializerContext;
