using System.Net;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>Why users and roles stay as they are, in etcd's words.</summary>
internal sealed record AuthRefusal(HttpStatusCode Status, string Reason)
{
    public string Message => "auth: " + Reason;
}
