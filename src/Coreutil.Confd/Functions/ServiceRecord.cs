using Coreutil.Confd.Templates;
using Coreutil.Core.Net;

namespace Coreutil.Confd.Functions;

/// <summary>What lookupSRV lists: Go's <c>*net.SRV</c>.</summary>
internal sealed class ServiceRecord(SrvRecord record) : GoObject
{
    public const string SliceType = "[]*net.SRV";

    public override string TypeName => "*net.SRV";

    public override IReadOnlyList<(string Name, object? Value)> Fields =>
    [
        ("Target", GoText.FromUtf16(record.Target.TrimEnd('.')) + "."),
        ("Port", new GoInteger("uint16", record.Port)),
        ("Priority", new GoInteger("uint16", record.Priority)),
        ("Weight", new GoInteger("uint16", record.Weight)),
    ];

    /// <summary>The original sorts by the text of all fields one after the other.</summary>
    public static string SortKey(SrvRecord record) => FormattableString.Invariant($"{record.Target}{record.Port}{record.Priority}{record.Weight}");
}
