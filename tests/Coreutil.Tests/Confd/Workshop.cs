using System.Collections.Concurrent;
using System.Collections.Immutable;
using Coreutil.Confd;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Resources;
using Microsoft.Extensions.Logging;

namespace Coreutil.Tests.Confd;

/// <summary>A confdir of its own, with the log in memory; gone with the test.</summary>
internal sealed class Workshop : IDisposable, ILogger
{
    private readonly string _root = Directory.CreateTempSubdirectory("confd").FullName;
    private readonly ConcurrentQueue<string> _log = new();

    public Workshop()
    {
        Directory.CreateDirectory(this["conf.d"]);
        Directory.CreateDirectory(this["templates"]);
        Directory.CreateDirectory(this["partials"]);
    }

    public ConfdSettings Settings => new()
    {
        ConfigDirectory = _root,
        Environment = ImmutableDictionary<string, string>.Empty.Add("PATH", "/bin:/usr/bin"),
    };

    public IReadOnlyCollection<string> Log => _log;

    public string this[string name] => Path.Combine(_root, name);

    /// <summary>A resource t.toml with template t.tmpl and destination t, which the further lines describe.</summary>
    public ResourceFile Resource(string name, string template, string lines = "")
    {
        File.WriteAllText(this[$"templates/{name}.tmpl"], template);
        File.WriteAllText(this[$"conf.d/{name}.toml"], $"[template]\nsrc = \"{name}.tmpl\"\ndest = \"{this[name]}\"\nkeys = [\"/\"]\n{lines}\n");
        return ResourceFile.Load(this[$"conf.d/{name}.toml"], Settings);
    }

    public Batch Batch(IBackend backend, ConfdSettings? settings = null, TextWriter? diff = null)
    {
        var used = settings ?? Settings;
        return new Batch(
            new ResourceRun(used, backend, this, TimeProvider.System, diff), used, this, new StatusBoard(used.Backend, used.StatusFile, this, TimeProvider.System));
    }

    public string Read(string name) => File.Exists(this[name]) ? File.ReadAllText(this[name]) : "";

    /// <summary>Returns when the file holds the text; the test fails when it never does.</summary>
    public async Task UntilAsync(string name, Func<string, bool> holds)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds(Read(name)))
        {
            Assert.False(late.IsCancellationRequested, $"{name} holds \"{Read(name)}\"; log:\n{string.Join('\n', _log)}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _log.Enqueue(formatter(state, exception));
}
