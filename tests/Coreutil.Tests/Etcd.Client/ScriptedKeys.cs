using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Tests.Etcd.Client;

/// <summary>A key space that answers as it was told, one answer a request, and remembers what it was asked. Without an answer left a wait waits for ever.</summary>
internal sealed class ScriptedKeys : IKeysApi
{
    private readonly Queue<Func<KeyResponse>> _answers = new();

    public List<string> Asked { get; } = [];

    public ScriptedKeys Answer(string action, string key, ulong index, string? value = "v", bool isDirectory = false)
    {
        var node = new KeyNode { Key = key, Value = isDirectory ? null : value, IsDirectory = isDirectory, ModifiedIndex = index, CreatedIndex = index };
        return Answer(new KeyResponse(new KeyEvent(action, node), index));
    }

    public ScriptedKeys Answer(KeyResponse response)
    {
        _answers.Enqueue(() => response);
        return this;
    }

    public ScriptedKeys Fail(Exception failure)
    {
        _answers.Enqueue(() => throw failure);
        return this;
    }

    public Task<KeyResponse> GetAsync(string key, GetOptions options, CancellationToken cancel) =>
        NextAsync($"get {key}{(options.IsRecursive ? " recursive" : "")}", cancel);

    public Task<KeyResponse> SetAsync(string key, string? value, SetOptions options, CancellationToken cancel) => NextAsync(
        $"set {key}={value}{(options.IsDirectory ? " dir" : "")}{(options.Ttl is { } ttl ? $" ttl={ttl.TotalSeconds}" : "")}"
            + $"{(options.PrevExist is { } exists ? $" prevExist={exists}" : "")}",
        cancel);

    public Task<KeyResponse> CreateInOrderAsync(string directory, string value, TimeSpan? ttl, CancellationToken cancel) => NextAsync($"post {directory}={value}", cancel);

    public Task<KeyResponse> DeleteAsync(string key, DeleteOptions options, CancellationToken cancel) => NextAsync($"delete {key}", cancel);

    public Task<KeyResponse> WaitAsync(string key, bool isRecursive, ulong waitIndex, CancellationToken cancel) =>
        NextAsync($"wait {key}{(isRecursive ? " recursive" : "")} {waitIndex}", cancel);

    private async Task<KeyResponse> NextAsync(string asked, CancellationToken cancel)
    {
        Func<KeyResponse>? answer;
        lock (Asked)
        {
            Asked.Add(asked);
            _answers.TryDequeue(out answer);
        }

        if (answer is null)
        {
            await Task.Delay(Timeout.Infinite, cancel);
        }

        return answer!();
    }
}
