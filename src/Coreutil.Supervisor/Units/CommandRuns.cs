using System.Collections.Immutable;
using Coreutil.Supervisor.Machine;

namespace Coreutil.Supervisor.Units;

/// <summary>One run of a command: of the last start of its service.</summary>
public sealed record CommandRun(int Pid, Moment Start)
{
    public Moment? Stop { get; init; }

    public ProcessExit? Exit { get; init; }
}

/// <summary>A run, and which of the service's commands it was.</summary>
public sealed record CommandRunMemory(int Command, CommandRun Run);

/// <summary>How the commands of a service went since it was started last: what <c>show</c> and <c>status</c> tell of them.</summary>
public sealed class CommandRuns
{
    private readonly Dictionary<ServiceCommand, CommandRun> _runs = new(ReferenceEqualityComparer.Instance);

    /// <summary>The main process's, whether it was started as one or found to be it.</summary>
    public CommandRun? Main { get; private set; }

    public CommandRun? Of(ServiceCommand command) => _runs.GetValueOrDefault(command);

    public void Clear()
    {
        _runs.Clear();
        Main = null;
    }

    public void Begin(ServiceCommand command, int pid, Moment now) => _runs[command] = new(pid, now);

    public void BeginMain(int pid, Moment now) => Main = Main?.Pid == pid && Main.Stop is null ? Main : new(pid, now);

    public void End(int pid, ProcessExit exit, Moment now)
    {
        foreach (var (command, run) in _runs.Where(entry => entry.Value.Pid == pid && entry.Value.Stop is null).ToArray())
        {
            _runs[command] = run with { Stop = now, Exit = exit };
        }

        if (Main is { Stop: null } main && main.Pid == pid)
        {
            Main = main with { Stop = now, Exit = exit };
        }
    }

    public ImmutableArray<CommandRunMemory> Remember(ServiceSettings settings) =>
        [.. settings.Commands.Index().Where(entry => _runs.ContainsKey(entry.Item.Command)).Select(entry => new CommandRunMemory(entry.Index, _runs[entry.Item.Command]))];

    /// <summary>The same commands read anew, or by another supervisor, are other objects.</summary>
    public void Recall(ServiceSettings settings, ImmutableArray<CommandRunMemory> runs, CommandRun? main)
    {
        Clear();
        Main = main;
        var commands = settings.Commands.Select(entry => entry.Command).ToArray();
        foreach (var (command, run) in runs.IsDefault ? [] : runs.Where(run => run.Command < commands.Length))
        {
            _runs[commands[command]] = run;
        }
    }
}
