using System.Text;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>
/// Whether a request may pass (etcd.md §3). Without credentials it is the guest's, checked by the plain rule even when it is recursive;
/// with wrong ones it is nobody's.
/// </summary>
internal sealed class AccessCheck(AuthStore store, Passwords passwords)
{
    private const string Scheme = "Basic ";

    /// <param name="key">The path as sent, behind /v2/keys.</param>
    public bool MayUseKey(string? authorization, string key, bool isRecursive, bool isWrite)
    {
        if (!store.IsEnabled)
        {
            return true;
        }

        if (string.IsNullOrEmpty(authorization))
        {
            return store.Role(AuthRole.Guest)?.Allows(key, isRecursive: false, isWrite) == true;
        }

        return Authenticate(authorization) is { Roles.IsDefault: false } user
            && user.Roles.Any(role => store.Role(role)?.Allows(key, isRecursive, isWrite) == true);
    }

    /// <summary>Members, users, roles and the switch itself are the root role's.</summary>
    public bool MayAdminister(string? authorization) =>
        !store.IsEnabled || (Authenticate(authorization) is { Roles.IsDefault: false } user && user.Roles.Contains(AuthRole.Root));

    private AuthUser? Authenticate(string? authorization) =>
        Credentials(authorization) is var (name, password) && store.User(name) is { } user && passwords.Verify(password, user.Password) ? user : null;

    private static (string Name, string Password)? Credentials(string? authorization)
    {
        if (authorization?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) != true)
        {
            return null;
        }

        // .NET's decoder passes over white space, Go's does not.
        byte[] bytes = new byte[authorization.Length];
        string encoded = authorization[Scheme.Length..];
        if (encoded.Any(char.IsWhiteSpace) || !Convert.TryFromBase64String(encoded, bytes, out int length))
        {
            return null;
        }

        string pair = Encoding.UTF8.GetString(bytes, 0, length);
        int colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (pair[..colon], pair[(colon + 1)..]);
    }
}
