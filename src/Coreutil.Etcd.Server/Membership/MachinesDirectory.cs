using Coreutil.Etcd.Server.Store;

namespace Coreutil.Etcd.Server.Membership;

/// <summary>
/// etcd 0.4's <c>/_etcd/machines/NAME</c> and <c>/_etcd/config</c> as scripts of its time read them: made for each read from what the
/// cluster knows. A key that somebody really wrote there is left as it is.
/// </summary>
internal static class MachinesDirectory
{
    private const string Top = "_etcd";

    public static StoreView Overlay(StoreView view, string key)
    {
        if (!key.StartsWith("/" + Top, StringComparison.Ordinal) || view.Keys.Find([Top]) is { IsDirectory: false })
        {
            return view;
        }

        var keys = view.Keys;
        if (keys.Find([Top, "config"]) is null)
        {
            keys = keys.With([Top, "config"], StoreNode.File(AdminConfig.Default.ToJson(), view.Index, deadline: null));
        }

        if (keys.Find([Top, "machines"]) is null)
        {
            foreach (var member in Cluster.Members(view).Where(member => member.Name.Length > 0))
            {
                string client = Uri.EscapeDataString(member.ClientUrls.FirstOrDefault() ?? "");
                string peer = Uri.EscapeDataString(member.PeerUrls.FirstOrDefault() ?? "");
                keys = keys.With([Top, "machines", member.Name], StoreNode.File($"etcd={client}&raft={peer}", view.Index, deadline: null));
            }
        }

        return view with { Keys = keys };
    }
}
