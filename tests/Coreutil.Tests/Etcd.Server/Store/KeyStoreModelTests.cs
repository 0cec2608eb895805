using System.Globalization;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Server.Store;
using CsCheck;

namespace Coreutil.Tests.Etcd.Server.Store;

/// <summary>The tree against a dictionary: any sequence of commands leaves both with the same keys, and refuses the same ones (etcd.md §1.5, §1.6).</summary>
public sealed class KeyStoreModelTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<StoreCommand> _command =
        from action in Among(
            StoreAction.Set, StoreAction.Set, StoreAction.Create, StoreAction.Update, StoreAction.CompareAndSwap, StoreAction.Delete, StoreAction.CompareAndDelete)
        from key in Among("/", "/a", "/a/b", "/a/b/c", "/a/_h", "/d", "/d/e")
        from value in Among("", "1", "2")
        from prevValue in Among("", "1")
        from prevIndex in Gen.Int[0, 8]
        from isDirectory in Gen.Bool
        from isRecursive in Gen.Bool
        select new StoreCommand(action, key, _now)
        {
            Value = value,
            PrevValue = prevValue,
            PrevIndex = (ulong)prevIndex,
            IsDirectory = isDirectory && action is not (StoreAction.CompareAndSwap or StoreAction.CompareAndDelete),
            IsRecursive = isRecursive && action == StoreAction.Delete,
        };

    [Fact]
    public void The_tree_does_what_a_dictionary_does() => _command.Array[1, 40].Sample(commands =>
    {
        var store = new KeyStore(StoreView.Empty);
        var model = new Model();
        foreach (var command in commands)
        {
            var before = store.View;
            string seen = Show(before);

            var outcome = store.Apply(command);

            Assert.Equal(model.Apply(command), outcome.Refusal is { } refusal ? (int)refusal.Code : 0);
            Assert.Equal(model.Show(), Show(store.View));
            Assert.Equal(model.Index, store.View.Index);
            Assert.Equal(outcome.Refusal is null ? 1 : 0, outcome.Events.Length);
            Assert.Equal(seen, Show(before));
        }
    }, iter: 5000, threads: 1);

    // etcd.md §1.8: in deadline order, each with an index of its own; a command takes a slice.
    [Fact]
    public void Keys_expire_in_the_order_of_their_deadlines_in_slices() => Gen.Int[1, 100_000].Array[KeyStore.MaximumExpired + 1, KeyStore.MaximumExpired + 50].Sample(seconds =>
    {
        var store = new KeyStore(StoreView.Empty);
        foreach (var (i, after) in seconds.Index())
        {
            store.Apply(new StoreCommand(StoreAction.Set, $"/k{i}", _now) { Value = "v", Deadline = _now.AddSeconds(after) });
        }

        var late = _now.AddDays(2);
        var first = store.Apply(new StoreCommand(StoreAction.Expire, "/", late));
        var second = store.Apply(new StoreCommand(StoreAction.Expire, "/", late));

        var deadlines = first.Events.Concat(second.Events).Select(occurred => occurred.Event.PrevNode!.Expiration).ToArray();
        Assert.Equal(KeyStore.MaximumExpired, first.Events.Length);
        Assert.Equal(seconds.Length - KeyStore.MaximumExpired, second.Events.Length);
        Assert.Equal(deadlines.Order(), deadlines);
        Assert.Equal((ulong)(2 * seconds.Length), store.View.Index);
        Assert.Null(store.NextDeadline);
    }, iter: 5, threads: 1);

    private static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Show(StoreView view)
    {
        var lines = new List<string>();
        Walk("", view.Keys);
        return string.Join('\n', lines.Order(StringComparer.Ordinal));

        void Walk(string key, StoreNode node)
        {
            if (key.Length > 0)
            {
                lines.Add(Line(key, node.Value, node.CreatedIndex, node.ModifiedIndex));
            }

            foreach (var (name, child) in node.Children ?? StoreNode.Root.Children!)
            {
                Walk($"{key}/{name}", child);
            }
        }
    }

    private static string Line(string key, string? value, ulong created, ulong modified) =>
        string.Create(CultureInfo.InvariantCulture, $"{key} {value ?? "(dir)"} {created} {modified}");

    private sealed class Model
    {
        private readonly Dictionary<string, (string? Value, ulong Created, ulong Modified)> _nodes = new(StringComparer.Ordinal);

        public ulong Index { get; private set; }

        public string Show() => string.Join('\n', _nodes.Select(node => Line(node.Key, node.Value.Value, node.Value.Created, node.Value.Modified)).Order(StringComparer.Ordinal));

        /// <summary>The code of the refusal; 0 when it was done.</summary>
        public int Apply(StoreCommand command)
        {
            int refusal = Refuse(command);
            if (refusal != 0)
            {
                return refusal;
            }

            Index++;
            string key = command.Key;
            string? value = command.IsDirectory ? null : command.Value;
            var existing = _nodes.GetValueOrDefault(key);
            switch (command.Action)
            {
                case StoreAction.Set or StoreAction.Create:
                    foreach (string parent in Parents(key))
                    {
                        _nodes.TryAdd(parent, (null, Index, Index));
                    }

                    _nodes[key] = (value, Index, Index);
                    break;
                case StoreAction.Update when existing.Value is null:
                    break;
                case StoreAction.Update or StoreAction.CompareAndSwap:
                    _nodes[key] = (command.Value, existing.Created, Index);
                    break;
                default:
                    foreach (string gone in _nodes.Keys.Where(name => name == key || name.StartsWith(key + "/", StringComparison.Ordinal)).ToArray())
                    {
                        _nodes.Remove(gone);
                    }

                    break;
            }

            return 0;
        }

        private int Refuse(StoreCommand command)
        {
            bool creates = command.Action is StoreAction.Set or StoreAction.Create;
            if (command.Key == "/")
            {
                return (int)(command.Action == StoreAction.CompareAndDelete ? EtcdErrorCode.NotFile : EtcdErrorCode.RootReadOnly);
            }

            foreach (string parent in Parents(command.Key))
            {
                if (!_nodes.TryGetValue(parent, out var above))
                {
                    return creates ? 0 : (int)EtcdErrorCode.KeyNotFound;
                }

                if (above.Value is not null)
                {
                    return (int)EtcdErrorCode.NotDirectory;
                }
            }

            if (!_nodes.TryGetValue(command.Key, out var existing))
            {
                return creates ? 0 : (int)EtcdErrorCode.KeyNotFound;
            }

            bool isDirectory = existing.Value is null;
            const EtcdErrorCode None = 0;
            return (int)(command.Action switch
            {
                StoreAction.Create => EtcdErrorCode.NodeExist,
                StoreAction.Set => isDirectory ? EtcdErrorCode.NotFile : None,
                StoreAction.Update => isDirectory && command.Value.Length > 0 ? EtcdErrorCode.NotFile : None,
                StoreAction.Delete when isDirectory && !command.IsDirectory && !command.IsRecursive => EtcdErrorCode.NotFile,
                StoreAction.Delete when isDirectory && !command.IsRecursive && _nodes.Keys.Any(key => key.StartsWith(command.Key + "/", StringComparison.Ordinal)) =>
                    EtcdErrorCode.DirectoryNotEmpty,
                StoreAction.Delete => None,
                _ when isDirectory => EtcdErrorCode.NotFile,
                _ => (command.PrevValue.Length == 0 || command.PrevValue == existing.Value) && (command.PrevIndex == 0 || command.PrevIndex == existing.Modified)
                    ? None
                    : EtcdErrorCode.TestFailed,
            });
        }

        /// <summary>From the top down.</summary>
        private static IEnumerable<string> Parents(string key)
        {
            for (int slash = key.IndexOf('/', 1); slash > 0; slash = key.IndexOf('/', slash + 1))
            {
                yield return key[..slash];
            }
        }
    }
}
