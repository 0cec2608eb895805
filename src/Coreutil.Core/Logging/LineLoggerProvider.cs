using Microsoft.Extensions.Logging;

namespace Coreutil.Core.Logging;

/// <summary>One line a message, in the form of the program that speaks; null leaves the message out.</summary>
public delegate string? LineFormat(DateTimeOffset now, LogLevel level, string category, string message);

/// <summary>Writes log messages as lines. Scripts read these lines, so the form is the original's; an exception adds its message only.</summary>
public sealed class LineLoggerProvider(TextWriter output, LineFormat format, TimeProvider time) : ILoggerProvider
{
    public static ILoggerFactory CreateFactory(TextWriter output, LineFormat format, LogLevel minimum, TimeProvider? time = null) =>
        LoggerFactory.Create(logging => logging
            .SetMinimumLevel(minimum)
            .AddProvider(new LineLoggerProvider(output, format, time ?? TimeProvider.System)));

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
        // The writer belongs to the caller.
    }

    private void Write(LogLevel level, string category, string message)
    {
        if (format(time.GetLocalNow(), level, category, message) is { } line)
        {
            output.WriteLine(line);
        }
    }

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string message = formatter(state, exception);
            provider.Write(logLevel, category, exception is null ? message : $"{message}: {exception.Message}");
        }
    }
}
