using System.Collections.Immutable;
using Coreutil.Applets.CloudInit;
using Coreutil.Applets.Confd;
using Coreutil.Applets.Discovery;
using Coreutil.Applets.Etcd;
using Coreutil.Applets.Etcdctl;
using Coreutil.Applets.Fleetctl;
using Coreutil.Applets.Fleetctl.Ssh;
using Coreutil.Applets.Fleetd;
using Coreutil.Applets.Node;
using Coreutil.Applets.PaasMonitor;
using Coreutil.Applets.Unitctl;
using Coreutil.Applets.Unitd;
using Coreutil.Applets.UnitExecutor;
using Coreutil.Core.Applets;

namespace Coreutil;

/// <summary>The one registration: a line an applet.</summary>
internal static class AppletTable
{
    public static ImmutableArray<Applet> All { get; } =
    [
        CloudInitApplet.Declaration,
        ConfdApplet.Declaration,
        DiscoveryApplet.Declaration,
        EtcdApplet.Declaration,
        EtcdctlApplet.Declaration,
        FleetdApplet.Declaration,
        FleetctlApplet.Declaration,
        SshAskApplet.Declaration,
        NodeApplet.Declaration,
        PaasMonitorApplet.Declaration,
        UnitdApplet.Declaration,
        UnitctlApplet.Declaration,
        UnitExecutorApplet.Declaration,
    ];
}
