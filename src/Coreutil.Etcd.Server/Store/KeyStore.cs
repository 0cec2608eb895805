using System.Collections.Immutable;
using System.Globalization;
using Coreutil.Etcd.Api;

namespace Coreutil.Etcd.Server.Store;

/// <summary>
/// The state machine: commands in, events out. Synchronous and deterministic, one writer; it has no clock of its own. The order of the
/// checks of each command is etcd's (etcd.md §1.6), and a refused command leaves nothing behind.
/// </summary>
internal sealed class KeyStore(StoreView start)
{
    /// <summary>How many keys one command expires, so that a storm of them does not hold up everything else.</summary>
    public const int MaximumExpired = 1000;

    private TtlQueue _deadlines = TtlQueue.Of(start.Keys);
    private volatile StoreView _view = start;

    /// <summary>What readers see; replaced as a whole after each command.</summary>
    public StoreView View => _view;

    /// <summary>When the next key is due to expire; null when none ever is.</summary>
    public DateTimeOffset? NextDeadline => _deadlines.Next;

    /// <summary>Replaces everything by what a snapshot held.</summary>
    public void Restore(StoreView view)
    {
        _deadlines = TtlQueue.Of(view.Keys);
        _view = view;
    }

    public StoreOutcome Apply(StoreCommand command)
    {
        var path = KeyPath.Parse(command.Key);
        return command.Action switch
        {
            StoreAction.Set => Set(command, path),
            StoreAction.Create => Create(command, path),
            StoreAction.CreateInOrder => Create(command, path.Child((_view.Index + 1).ToString("D20", CultureInfo.InvariantCulture))),
            StoreAction.Update => Update(command, path),
            StoreAction.CompareAndSwap => CompareAndSwap(command, path),
            StoreAction.Delete => Delete(command, path),
            StoreAction.CompareAndDelete => CompareAndDelete(command, path),
            StoreAction.Expire => Expire(command.Now),
            _ => throw new InvalidOperationException($"unknown action {command.Action}"),
        };
    }

    private StoreOutcome Set(StoreCommand command, KeyPath path)
    {
        if (path.IsRoot)
        {
            return Refuse(EtcdErrorCode.RootReadOnly, "/");
        }

        var (existing, refusal) = _view.Find(command.Space, path);
        if (refusal is { Code: EtcdErrorCode.NotDirectory } || (command.IsRefresh && existing is null))
        {
            return Refuse(refusal!);
        }

        if (existing is { IsDirectory: true })
        {
            return Refuse(EtcdErrorCode.NotFile, path.Text);
        }

        string value = command.IsRefresh ? existing!.Value! : command.Value;
        return Put(command, path, "set", Fresh(command, value), existing);
    }

    private StoreOutcome Create(StoreCommand command, KeyPath path)
    {
        if (path.IsRoot)
        {
            return Refuse(EtcdErrorCode.RootReadOnly, "/");
        }

        var (existing, refusal) = _view.Find(command.Space, path);
        if (existing is not null)
        {
            return Refuse(EtcdErrorCode.NodeExist, path.Text);
        }

        // What is new is no refresh, whatever was asked for: watchers are told.
        return refusal!.Code == EtcdErrorCode.NotDirectory
            ? Refuse(refusal)
            : Put(command with { IsRefresh = false }, path, "create", Fresh(command, command.Value), existing: null);
    }

    private StoreOutcome Update(StoreCommand command, KeyPath path)
    {
        if (path.IsRoot)
        {
            return Refuse(EtcdErrorCode.RootReadOnly, "/");
        }

        var (existing, refusal) = _view.Find(command.Space, path);
        if (existing is null)
        {
            return Refuse(refusal!);
        }

        ulong index = _view.Index + 1;
        if (!existing.IsDirectory)
        {
            string value = command.IsRefresh ? existing.Value! : command.Value;
            return Put(command, path, "update", existing with { Value = value, ModifiedIndex = index, Deadline = command.Deadline }, existing);
        }

        if (command.Value.Length > 0 && !command.IsRefresh)
        {
            return Refuse(EtcdErrorCode.NotFile, path.Text);
        }

        // etcd shows the new index in the event only: the directory itself keeps its old one.
        return Put(command, path, "update", existing with { Deadline = command.Deadline }, existing, shownIndex: index);
    }

    private StoreOutcome CompareAndSwap(StoreCommand command, KeyPath path)
    {
        if (path.IsRoot)
        {
            return Refuse(EtcdErrorCode.RootReadOnly, "/");
        }

        var (existing, refusal) = FindForCompare(command, path);
        if (existing is null)
        {
            return Refuse(refusal!);
        }

        string value = command.IsRefresh ? existing.Value! : command.Value;
        var swapped = existing with { Value = value, ModifiedIndex = _view.Index + 1, Deadline = command.Deadline };
        return Put(command, path, "compareAndSwap", swapped, existing);
    }

    private StoreOutcome Delete(StoreCommand command, KeyPath path)
    {
        if (path.IsRoot)
        {
            return Refuse(EtcdErrorCode.RootReadOnly, "/");
        }

        var (existing, refusal) = _view.Find(command.Space, path);
        if (existing is null)
        {
            return Refuse(refusal!);
        }

        if (existing.IsDirectory && !command.IsDirectory && !command.IsRecursive)
        {
            return Refuse(EtcdErrorCode.NotFile, path.Text);
        }

        return existing.Children is { IsEmpty: false } && !command.IsRecursive
            ? Refuse(EtcdErrorCode.DirectoryNotEmpty, path.Text)
            : Remove(command.Space, command.Now, path, "delete", existing, showsDirectory: existing.IsDirectory);
    }

    private StoreOutcome CompareAndDelete(StoreCommand command, KeyPath path)
    {
        var (existing, refusal) = FindForCompare(command, path);
        return existing is null
            ? Refuse(refusal!)
            : Remove(command.Space, command.Now, path, "compareAndDelete", existing, showsDirectory: false);
    }

    /// <summary>Everything due goes in the order of its deadline, each with an index of its own (etcd.md §1.8).</summary>
    private StoreOutcome Expire(DateTimeOffset now)
    {
        var events = ImmutableArray.CreateBuilder<StoreEvent>();
        while (events.Count < MaximumExpired && _deadlines.Due(now) is { } key)
        {
            var path = KeyPath.Parse(key);
            var existing = _view.Keys.Find(path.Components) ?? throw new InvalidOperationException($"{key} has a deadline but is not there");
            events.AddRange(Remove(StoreSpace.Keys, now, path, "expire", existing, showsDirectory: false).Events);
        }

        return new StoreOutcome(events.ToImmutable(), null, _view.Index);
    }

    /// <summary>The file to compare, if it is one and matches (an empty value and index 0 match everything).</summary>
    private (StoreNode? Node, EtcdError? Refusal) FindForCompare(StoreCommand command, KeyPath path)
    {
        var (existing, refusal) = _view.Find(command.Space, path);
        if (existing is null)
        {
            return (null, refusal);
        }

        if (existing.IsDirectory)
        {
            return (null, new EtcdError(EtcdErrorCode.NotFile, path.IsRoot ? "" : path.Text, _view.Index));
        }

        bool valueMatches = command.PrevValue.Length == 0 || command.PrevValue == existing.Value;
        bool indexMatches = command.PrevIndex == 0 || command.PrevIndex == existing.ModifiedIndex;
        string valueCause = valueMatches ? "" : $"[{command.PrevValue} != {existing.Value}]";
        string indexCause = indexMatches ? "" : $"[{command.PrevIndex} != {existing.ModifiedIndex}]";
        string separator = valueMatches || indexMatches ? "" : " ";
        return valueMatches && indexMatches
            ? (existing, null)
            : (null, new EtcdError(EtcdErrorCode.TestFailed, valueCause + separator + indexCause, _view.Index));
    }

    private StoreNode Fresh(StoreCommand command, string value) => command.IsDirectory
        ? StoreNode.Directory(_view.Index + 1, command.Deadline)
        : StoreNode.File(value, _view.Index + 1, command.Deadline);

    private StoreOutcome Put(
        StoreCommand command, KeyPath path, string action, StoreNode node, StoreNode? existing, ulong? shownIndex = null)
    {
        string key = path.Text;
        ulong index = _view.Index + 1;
        if (command.Space == StoreSpace.Keys)
        {
            _deadlines.Replace(key, existing?.Deadline, node.Deadline);
        }

        _view = _view.WithRoot(command.Space, _view.Root(command.Space).With(path.Components, node), index);
        var shown = StoreView.Describe(key, node, command.Now) with { ModifiedIndex = shownIndex ?? node.ModifiedIndex };
        var previous = existing is null ? null : StoreView.Describe(key, existing, command.Now);
        return new StoreOutcome([new StoreEvent(command.Space, new KeyEvent(action, shown, previous), command.IsRefresh)], null, index);
    }

    private StoreOutcome Remove(StoreSpace space, DateTimeOffset now, KeyPath path, string action, StoreNode existing, bool showsDirectory)
    {
        string key = path.Text;
        ulong index = _view.Index + 1;
        if (space == StoreSpace.Keys)
        {
            _deadlines.RemoveTree(key, existing);
        }

        _view = _view.WithRoot(space, _view.Root(space).Without(path.Components), index);
        var shown = new KeyNode { Key = key, IsDirectory = showsDirectory, ModifiedIndex = index, CreatedIndex = existing.CreatedIndex };
        var occurred = new KeyEvent(action, shown, StoreView.Describe(key, existing, now));
        return new StoreOutcome([new StoreEvent(space, occurred, Removed: existing.IsDirectory ? existing : null)], null, index);
    }

    private StoreOutcome Refuse(EtcdErrorCode code, string cause) => Refuse(new EtcdError(code, cause, _view.Index));

    private StoreOutcome Refuse(EtcdError refusal) => new([], refusal, _view.Index);
}
