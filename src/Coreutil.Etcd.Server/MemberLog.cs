using Microsoft.Extensions.Logging;

namespace Coreutil.Etcd.Server;

/// <summary>The member's log with a level that can be changed while it runs.</summary>
internal sealed class MemberLog(ILogger output) : ILogger
{
    private volatile int _minimum = (int)LogLevel.Trace;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => output.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => (int)logLevel >= _minimum && output.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            output.Log(logLevel, eventId, state, exception, formatter);
        }
    }

    /// <summary>The words of the original's log package; false for any other.</summary>
    public bool TrySetLevel(string word)
    {
        LogLevel? level = word switch
        {
            "CRITICAL" or "C" => LogLevel.Critical,
            "ERROR" or "0" or "E" => LogLevel.Error,
            "WARNING" or "1" or "W" => LogLevel.Warning,
            "NOTICE" or "2" or "N" or "INFO" or "3" or "I" => LogLevel.Information,
            "DEBUG" or "4" or "D" => LogLevel.Debug,
            "TRACE" or "5" or "T" => LogLevel.Trace,
            _ => null,
        };
        _minimum = (int?)level ?? _minimum;
        return level is not null;
    }
}
