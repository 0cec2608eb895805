using System.Globalization;
using System.Text;
using Coreutil.Supervisor.Machine;
using Coreutil.Supervisor.Processes;
using Coreutil.Supervisor.Units;

namespace Coreutil.Supervisor;

/// <summary>The part of a service's status that tells of its processes: those that ended, the main one, and what is in its cgroup.</summary>
internal static class StatusProcesses
{
    public static void Append(StringBuilder text, ServiceUnit service)
    {
        var main = service.Runs.Main;
        foreach (var (setting, command) in service is MountUnit ? [] : service.Settings.Commands)
        {
            if (service.Runs.Of(command) is { Exit: { } exit } run)
            {
                text.Append(CultureInfo.InvariantCulture, $"    Process: {run.Pid} {setting}={string.Join(' ', command.Words)} {Describe(exit)}\n");
            }
        }

        if (service.MainPid is { } alive)
        {
            text.Append(CultureInfo.InvariantCulture, $"   Main PID: {alive} ({ProcessIdentity.NameOf(alive)})\n");
        }
        else if (main is { Exit: { } exit } && service is not MountUnit)
        {
            text.Append(CultureInfo.InvariantCulture, $"   Main PID: {main.Pid} {Describe(exit)}\n");
        }

        if (service.ControlPid is { } control)
        {
            text.Append(CultureInfo.InvariantCulture, $"  Cntrl PID: {control} ({ProcessIdentity.NameOf(control)})\n");
        }

        if (service.StatusText.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"     Status: \"{service.StatusText}\"\n");
        }

        AppendGroup(text, service);
    }

    /// <summary><c>(code=exited, status=203/EXEC)</c>: systemctl names only 0, 1 and the codes from 200 on, for what the others mean is the program's affair.</summary>
    private static string Describe(ProcessExit exit) => exit.Kind switch
    {
        ProcessExitKind.Exited when exit.Status is 0 or 1 or >= 200 && ExitCodeNames.Of(exit.Status) is not "n/a" and var name =>
            string.Create(CultureInfo.InvariantCulture, $"(code=exited, status={exit.Status}/{name})"),
        ProcessExitKind.Exited => string.Create(CultureInfo.InvariantCulture, $"(code=exited, status={exit.Status})"),
        ProcessExitKind.Unknown => "(ended while nobody watched)",
        _ => $"(code={exit.CodeText}, signal={exit.StatusText})",
    };

    private static void AppendGroup(StringBuilder text, ServiceUnit service)
    {
        var processes = service.Processes.Order().ToArray();
        if (processes.Length == 0 && (service.IsIdle || service is not MountUnit))
        {
            return;
        }

        if (service.ReadGroupFile("pids.current") is { } tasks)
        {
            text.Append(CultureInfo.InvariantCulture, $"      Tasks: {tasks}\n");
        }

        if (long.TryParse(service.ReadGroupFile("memory.current"), NumberStyles.None, CultureInfo.InvariantCulture, out long memory))
        {
            text.Append(CultureInfo.InvariantCulture, $"     Memory: {Bytes(memory)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"     CGroup: {service.ControlGroupPath ?? "(none: the host lets nobody make one)"}\n");
        foreach (var (i, pid) in processes.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"             {(i == processes.Length - 1 ? "└─" : "├─")}{pid} {CommandLineOf(pid)}\n");
        }
    }

    /// <summary><c>1.2M</c>: one digit behind the point, in powers of 1024.</summary>
    private static string Bytes(long bytes)
    {
        foreach (var (unit, name) in (ReadOnlySpan<(long, char)>)[(1L << 40, 'T'), (1L << 30, 'G'), (1L << 20, 'M'), (1L << 10, 'K')])
        {
            if (bytes >= unit)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit}.{bytes % unit * 10 / unit}{name}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes}B");
    }

    private static string CommandLineOf(int pid)
    {
        string line = SmallFile.TryReadText($"/proc/{pid}/cmdline")?.TrimEnd('\0') ?? "";
        return line.Length == 0 ? $"[{ProcessIdentity.NameOf(pid)}]" : string.Join(' ', line.Split('\0').Select(Quote));
    }

    /// <summary>As a shell would have to be given it.</summary>
    private static string Quote(string word) => word.Length > 0 && word.AsSpan().IndexOfAny(" \t\n\"\\`$*?['()<>|&;!") < 0
        ? word
        : $"\"{string.Concat(word.Select(letter => letter is '"' or '\\' or '`' or '$' ? $"\\{letter}" : letter == '\n' ? "\\n" : letter.ToString()))}\"";
}
