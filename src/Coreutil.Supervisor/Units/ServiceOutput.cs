using Coreutil.Supervisor.Journal;

namespace Coreutil.Supervisor.Units;

/// <summary>What a service prints, from its pipe to its journal.</summary>
/// <param name="host">Reads the pipes of all services.</param>
/// <param name="unit">The service's name.</param>
/// <param name="definition">Says how its lines are to be read.</param>
/// <param name="process">Whose lines they are.</param>
internal sealed class ServiceOutput(ServiceHost host, string unit, Func<UnitDefinition> definition, Func<int> process)
{
    private readonly string _pipe = Path.Combine(host.StateDirectory, "journal", $"{unit}.output");
    private int? _descriptor;

    /// <summary>The end that a process of the service prints into. Where none can be made the service runs all the same.</summary>
    /// <param name="half">The beginning of a line that another supervisor has read.</param>
    public int Open(byte[]? half = null)
    {
        try
        {
            return _descriptor ??= host.Output.Open(_pipe, Append, half ?? []);
        }
        catch (IOException refused)
        {
            host.Journals.Report(unit, $"{unit}: Its output is lost: {refused.Message}", Priorities.Warning);
            return host.Output.Nowhere;
        }
    }

    /// <summary>The beginning of a line that has not ended yet.</summary>
    public byte[] HalfLine => _descriptor is { } descriptor ? host.Output.HalfLine(descriptor) : [];

    /// <summary>What a process that has just ended had to say comes before what is said of its end.</summary>
    /// <param name="isAll">It was the last one.</param>
    public void Drain(bool isAll)
    {
        if (_descriptor is { } descriptor)
        {
            host.Output.Drain(descriptor, isAll);
        }
    }

    /// <summary>Nobody prints any more; what was printed is read.</summary>
    public void Close()
    {
        if (_descriptor is { } descriptor)
        {
            host.Output.Close(descriptor);
            _descriptor = null;
        }
    }

    public void Forget()
    {
        Close();
        File.Delete(_pipe);
    }

    private void Append(string line)
    {
        var context = definition().Context;
        var (priority, text) = context.HasLevelPrefix ? Priorities.TakePrefix(line, context.Level) : (context.Level, line);
        string identifier = context.Identifier ?? Path.GetFileName(definition().Service.Start.FirstOrDefault()?.Path ?? unit);
        host.Journals.Append(unit, priority, process(), identifier, text);
    }
}
