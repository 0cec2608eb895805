using System.Net;
using System.Net.Sockets;
using Coreutil.Confd.Templates;
using static Coreutil.Confd.Functions.FunctionSet;

namespace Coreutil.Confd.Functions;

/// <summary>Environment, files, names and the clock.</summary>
internal static class HostFunctions
{
    public static IEnumerable<TemplateFunction> Create(HostView host) =>
    [
        DefineVariadic("getenv", [GoTypes.String, GoTypes.String], values => Variable(host, values)),
        Define("fileExists", [GoTypes.String], values => FileExists(GoText.ToUtf16(Text(values[0])))),
        Define("lookupIP", [GoTypes.String], values => Lookup(values, AddressFamily.Unspecified)),
        Define("lookupIPV4", [GoTypes.String], values => Lookup(values, AddressFamily.InterNetwork)),
        Define("lookupIPV6", [GoTypes.String], values => Lookup(values, AddressFamily.InterNetworkV6)),
        Define("lookupSRV", [GoTypes.String, GoTypes.String, GoTypes.String], values => LookupServices(host, values)),
        Define("datetime", [], _ => GoTime.At(host.Time.GetLocalNow(), host.Time.LocalTimeZone)),
    ];

    /// <summary>The default also stands in for a variable that is set but empty.</summary>
    private static string Variable(HostView host, Value[] values)
    {
        string value = GoText.FromUtf16(host.Variable(GoText.ToUtf16(Text(values[0]))) ?? "");
        return value.Length == 0 && values.Length > 1 ? Text(values[1]) : value;
    }

    /// <summary>Only "no such file" says no: a path through a file (ENOTDIR) counts as there.</summary>
    private static bool FileExists(string path)
    {
        if (Path.Exists(path))
        {
            return true;
        }

        for (string? parent = Path.GetDirectoryName(path); !string.IsNullOrEmpty(parent); parent = Path.GetDirectoryName(parent))
        {
            if (Path.Exists(parent))
            {
                return File.Exists(parent);
            }
        }

        return false;
    }

    /// <summary>As Go names the record: without service and protocol the name is the record's own. A failed look-up is an empty list in the original.</summary>
    private static GoSlice LookupServices(HostView host, Value[] values)
    {
        string[] words = [.. values.Select(value => GoText.ToUtf16(Text(value)))];
        string name = words[0].Length == 0 && words[1].Length == 0 ? words[2] : $"_{words[0]}._{words[1]}.{words[2]}";
        var records = host.Services?.Invoke(name.TrimEnd('.')) ?? [];
        return new GoSlice(ServiceRecord.SliceType, records.OrderBy(ServiceRecord.SortKey, StringComparer.Ordinal).Select(record => (object?)new ServiceRecord(record)));
    }

    private static GoSlice Lookup(Value[] values, AddressFamily family)
    {
        try
        {
            var addresses = Dns.GetHostAddresses(GoText.ToUtf16(Text(values[0])), family)
                .Where(address => family == AddressFamily.Unspecified || address.AddressFamily == family);
            return GoSlice.OfStrings(addresses.Select(address => address.ToString()).Order(StringComparer.Ordinal).ToArray());
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException)
        {
            return GoSlice.OfStrings([]);
        }
    }
}
