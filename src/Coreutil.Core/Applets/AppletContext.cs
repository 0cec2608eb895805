using System.Collections.Immutable;

namespace Coreutil.Core.Applets;

/// <summary>All an applet may know of the process it runs in; tests pass buffers and a made-up environment.</summary>
public sealed class AppletContext
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    /// <summary>The name the program was called by: <c>etcdctl</c>, <c>/opt/bin/confd</c>, <c>coreutil</c>.</summary>
    public required string InvokedAs { get; init; }

    /// <summary>The path of the running binary, for programs that start another applet of it.</summary>
    public required string ExecutablePath { get; init; }

    public required ImmutableDictionary<string, string> Environment { get; init; }

    /// <summary>True where <see cref="Error"/> is a terminal: progress is shown to people, not to logs.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>True where <see cref="In"/> is a terminal: a program started for a person may ask for one of its own.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Standard input and output as bytes, for programs that pass something through. Not to be mixed with <see cref="In"/>.</summary>
    public Func<(Stream Input, Stream Output)> OpenBytes { get; init; } = () => (Stream.Null, Stream.Null);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The variable's value; null when absent. The original programs treat an empty value as absent, and so do we.</summary>
    public string? Variable(string name) =>
        Environment.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;
}
