using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>
/// etcd 0.4's registry <c>/_etcd/machines/NAME</c> as scripts of its time list it: made from the members for each read, never stored.
/// A key that somebody really wrote there is left as it is.
/// </summary>
internal static class MachinesDirectory
{
    public static StoreView Overlay(StoreView view, string key)
    {
        if (!key.StartsWith("/_etcd", StringComparison.Ordinal) || view.Keys.Find(["_etcd", "machines"]) is not null)
        {
            return view;
        }

        var keys = view.Keys;
        if (keys.Find(["_etcd"]) is { IsDirectory: false })
        {
            return view;
        }

        foreach (var member in Cluster.Members(view).Where(member => member.Name.Length > 0))
        {
            string client = Uri.EscapeDataString(member.ClientUrls.FirstOrDefault() ?? "");
            string peer = Uri.EscapeDataString(member.PeerUrls.FirstOrDefault() ?? "");
            keys = keys.With(["_etcd", "machines", member.Name], StoreNode.File($"etcd={client}&raft={peer}", view.Index, deadline: null));
        }

        return view with { Keys = keys };
    }
}
