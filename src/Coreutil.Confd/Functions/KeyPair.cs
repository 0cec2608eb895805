using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Functions;

/// <summary>A key with its value, as <c>get</c> and <c>gets</c> hand it to a template.</summary>
internal sealed class KeyPair(string key, string value) : GoObject
{
    public const string Type = "memkv.KVPair";
    public const string SliceType = "[]memkv.KVPair";
    public const string ListType = "memkv.KVPairs";

    public override string TypeName => Type;

    public string Key => key;

    public override IReadOnlyList<(string Name, object? Value)> Fields => [("Key", key), ("Value", value)];
}
