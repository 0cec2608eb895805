using System.Collections.Immutable;
using Coreutil.Etcd.Server.Auth;

namespace Coreutil.Tests.Etcd.Server.Auth;

/// <summary>etcd.md §3.</summary>
public sealed class AuthRulesTests
{
    [Theory]
    [InlineData("/a/*", "/a/b", false, true)]
    [InlineData("/a/*", "/a/b", true, true)]
    [InlineData("/a/*", "/a", false, false)]
    [InlineData("/a/*", "/a/", true, true)] // the path as sent: with its slash it is below the pattern
    [InlineData("/a", "/a", false, true)]
    [InlineData("/a", "/a", true, false)] // a recursive request needs a pattern that covers what is below
    [InlineData("/a*", "/ab", true, true)]
    [InlineData("*", "", true, true)]
    [InlineData("/*", "", false, false)]
    public void A_pattern_with_a_star_is_a_prefix_and_any_other_is_exact(string pattern, string key, bool isRecursive, bool allowed)
    {
        var permissions = new AuthPermissions([pattern], []);

        Assert.Equal(allowed, permissions.Allows(key, isRecursive, isWrite: false));
        Assert.False(permissions.Allows(key, isRecursive, isWrite: true));
    }

    [Fact]
    public void Grants_and_revocations_come_out_sorted()
    {
        var stored = new AuthUser("u", "h", ["c", "a"]);

        var (user, refusal) = AuthRules.Merge(stored, new AuthUser("u", "", default) { Grant = ["b"], Revoke = ["c"] });

        Assert.Null(refusal);
        Assert.Equal(["a", "b"], user!.Roles.AsEnumerable());
        Assert.Equal("h", user.Password);
    }

    [Theory]
    [InlineData("a", "", "auth: Granting duplicate role a for user u")]
    [InlineData("", "z", "auth: Revoking ungranted role z for user u")]
    [InlineData("", "", "auth: User not updated. Use grant/revoke/password to update the user.")]
    public void A_change_of_a_user_that_changes_nothing_is_refused(string grant, string revoke, string message)
    {
        var (user, refusal) = AuthRules.Merge(new AuthUser("u", "h", ["a"]), new AuthUser("u", "", default) { Grant = List(grant), Revoke = List(revoke) });

        Assert.Null(user);
        Assert.Equal(message, refusal!.Message);
    }

    // Go's DeepEqual tells a list never set from an empty one.
    [Fact]
    public void A_role_without_lists_counts_as_changed_by_a_revocation_of_nothing()
    {
        var revocation = new AuthRole("r", AuthPermissions.None) { Revoke = new(["/zz"], default) };

        var (unset, _) = AuthRules.Merge(new AuthRole("r", AuthPermissions.None), revocation);
        var (empty, refusal) = AuthRules.Merge(new AuthRole("r", new([], [])), revocation);

        Assert.NotNull(unset);
        Assert.Null(empty);
        Assert.Equal("auth: Role not updated. Use grant/revoke to update the role.", refusal!.Message);
    }

    [Fact]
    public void A_password_is_asked_of_bcrypt_once_and_a_wrong_one_always()
    {
        var time = new FixedTime();
        var passwords = new Passwords(time);
        string hash = Passwords.Hash("right");

        Assert.StartsWith("$2a$10$", hash, StringComparison.Ordinal);
        Assert.True(passwords.Verify("right", hash));
        Assert.True(passwords.Verify("right", hash));
        Assert.False(passwords.Verify("wrong", hash));
        Assert.False(passwords.Verify("right", "no hash"));
    }

    private static ImmutableArray<string> List(string word) => word.Length > 0 ? [word] : default;

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
