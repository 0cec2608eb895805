using System.CommandLine;
using Coreutil.Core.CommandLine;

namespace Coreutil.Applets.Etcd;

/// <summary>One flag of the daemon.</summary>
/// <param name="Section">Where the help shows it; empty: accepted, not shown.</param>
internal sealed record EtcdFlag(string Section, string Name, string Default, string Description, EtcdFlagKind Kind = EtcdFlagKind.Text)
{
    /// <summary><c>ETCD_LISTEN_CLIENT_URLS</c> for <c>listen-client-urls</c>.</summary>
    public string Variable => "ETCD_" + Name.ToUpperInvariant().Replace('-', '_');

    public Option ToOption() => Kind switch
    {
        EtcdFlagKind.Boolean => new Option<bool>("--" + Name) { Description = Description },
        EtcdFlagKind.Number => new Option<ulong>("--" + Name) { Description = Description, HelpName = Default },
        EtcdFlagKind.Ignored => new GoIgnoredOption("--" + Name) { Description = Description },
        // --name= gives an empty value.
        _ => new Option<string>("--" + Name) { Description = Description, HelpName = Default, Arity = ArgumentArity.ZeroOrOne },
    };
}

internal enum EtcdFlagKind
{
    Text,
    Boolean,
    Number,

    /// <summary>Of an older release: taken with any value, and without meaning.</summary>
    Ignored,
}
