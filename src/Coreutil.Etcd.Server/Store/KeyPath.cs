namespace Coreutil.Etcd.Server.Store;

/// <summary>A key as its components. The text form has one leading slash and none at the end; the root is <c>/</c>.</summary>
internal readonly struct KeyPath
{
    private readonly string[] _components;

    private KeyPath(string[] components) => _components = components;

    public static KeyPath Parse(string key) => new(key.Split('/', StringSplitOptions.RemoveEmptyEntries));

    public bool IsRoot => _components.Length == 0;

    public int Length => _components.Length;

    public ReadOnlySpan<string> Components => _components;

    public string Text => Prefix(_components.Length);

    public KeyPath Child(string name) => new([.. _components, name]);

    /// <summary>The key of the first <paramref name="count"/> components.</summary>
    public string Prefix(int count) => "/" + string.Join('/', _components, 0, count);

    public static string Join(string directory, string name) => directory == "/" ? "/" + name : $"{directory}/{name}";

    /// <summary>A component that starts with an underscore hides itself and all below it from listings (etcd.md §1.7).</summary>
    public static bool IsHidden(string name) => name.StartsWith('_');

    /// <summary>Whether <paramref name="key"/> is hidden from somebody who looks from <paramref name="watched"/>, a directory above it.</summary>
    public static bool IsHiddenBelow(string watched, string key) =>
        key.AsSpan(watched == "/" ? 0 : Math.Min(watched.Length, key.Length)).Contains("/_", StringComparison.Ordinal);
}
