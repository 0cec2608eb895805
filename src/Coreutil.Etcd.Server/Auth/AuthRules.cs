using System.Collections.Immutable;
using System.Net;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>What grants and revocations make of a user or a role (etcd.md §3): the result, or the refusal. Lists come out sorted.</summary>
internal static class AuthRules
{
    /// <summary>Passwords are hashed already.</summary>
    public static (AuthUser? User, AuthRefusal? Refusal) Merge(AuthUser stored, AuthUser change)
    {
        var roles = new SortedSet<string>(stored.Roles.IsDefault ? [] : stored.Roles, StringComparer.Ordinal);
        foreach (string role in change.Grant.IsDefault ? [] : change.Grant)
        {
            if (!roles.Add(role))
            {
                return (null, Conflict($"Granting duplicate role {role} for user {stored.Name}"));
            }
        }

        foreach (string role in change.Revoke.IsDefault ? [] : change.Revoke)
        {
            if (!roles.Remove(role))
            {
                return (null, Conflict($"Revoking ungranted role {role} for user {stored.Name}"));
            }
        }

        string password = change.Password.Length > 0 ? change.Password : stored.Password;
        return password == stored.Password && Same(stored.Roles, roles)
            ? (null, new(HttpStatusCode.BadRequest, "User not updated. Use grant/revoke/password to update the user."))
            : (new AuthUser(stored.Name, password, [.. roles]), null);
    }

    public static (AuthRole? Role, AuthRefusal? Refusal) Merge(AuthRole stored, AuthRole change)
    {
        var (read, readRefusal) = Merge("read", stored.Permissions.Read, change.Grant.Read, change.Revoke.Read);
        var (write, writeRefusal) = Merge("write", stored.Permissions.Write, change.Grant.Write, change.Revoke.Write);
        if ((readRefusal ?? writeRefusal) is { } refusal)
        {
            return (null, refusal);
        }

        return Same(stored.Permissions.Read, read) && Same(stored.Permissions.Write, write)
            ? (null, new(HttpStatusCode.BadRequest, "Role not updated. Use grant/revoke to update the role."))
            : (stored with { Permissions = new([.. read], [.. write]) }, null);
    }

    /// <summary>Revoking what was never granted is passed over here, unlike a user's role.</summary>
    private static (SortedSet<string> Patterns, AuthRefusal? Refusal) Merge(
        string kind, ImmutableArray<string> stored, ImmutableArray<string> granted, ImmutableArray<string> revoked)
    {
        var patterns = new SortedSet<string>(stored.IsDefault ? [] : stored, StringComparer.Ordinal);
        foreach (string pattern in granted.IsDefault ? [] : granted)
        {
            if (!patterns.Add(pattern))
            {
                return (patterns, Conflict($"Granting duplicate {kind} permission {pattern}"));
            }
        }

        patterns.ExceptWith(revoked.IsDefault ? [] : revoked);
        return (patterns, null);
    }

    /// <summary>As Go's DeepEqual: a list never set is not an empty one, and the order counts.</summary>
    private static bool Same(ImmutableArray<string> stored, SortedSet<string> merged) =>
        !stored.IsDefault && stored.SequenceEqual(merged, StringComparer.Ordinal);

    private static AuthRefusal Conflict(string reason) => new(HttpStatusCode.Conflict, reason);
}
