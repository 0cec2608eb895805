using System.Collections.Immutable;
using Coreutil.Applets.Etcdctl;
using Coreutil.Applets.Etcdctl.Commands;
using Coreutil.Etcd.Api;

namespace Coreutil.Tests.Etcdctl;

// The rules of single commands, as recorded or as issue 5 asks for.
public sealed class CommandRulesTests
{
    private static readonly Member _member = new(0xabc, "one", ["http://p:1", "http://p:2"], ["http://c:1"]);

    [Theory]
    [InlineData("/k -- echo hi", "/k", "echo hi")]
    [InlineData("/k echo hi", "/k", "echo hi")]
    [InlineData("/k -- echo -- hi", "/k", "echo -- hi")]
    public void Exec_watch_takes_the_key_and_then_the_program(string words, string key, string program)
    {
        var split = ExecWatchCommand.Split(words.Split(' '));

        Assert.Equal((key, program), (split.Key, string.Join(' ', split.Program)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/k")]
    [InlineData("/k --")]
    public void Exec_watch_needs_both(string words)
    {
        var failure = Assert.Throws<EtcdctlFailure>(() => ExecWatchCommand.Split(words.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

        Assert.Equal(("Error:  key and command to exec required\n", 1), (failure.Message, failure.ExitCode));
    }

    [Theory]
    [InlineData(null, true, false, false, "No path specified; please use `-path`\n")]
    [InlineData("/a/", false, false, false, "Please specify exactly one of -read, -write or -readwrite\n")]
    [InlineData("/a", true, true, false, "Please specify exactly one of -read, -write or -readwrite\n")]
    [InlineData("/a", true, false, true, "Please specify exactly one of -read, -write or -readwrite\n")]
    [InlineData("a", true, false, false, "Not canonical path; please use `-path=/a`\n")]
    [InlineData("/a//b/../*", true, false, false, "Not canonical path; please use `-path=/a/*`\n")]
    public void A_permission_names_one_canonical_path_and_one_right(string? path, bool isRead, bool isWrite, bool isBoth, string complaint)
    {
        Assert.Equal(complaint, Assert.Throws<EtcdctlFailure>(() => RoleCommand.Permissions(["r"], path, isRead, isWrite, isBoth)).Message);
    }

    // The original looks for a name last: its scripts see the other complaints first.
    [Theory]
    [InlineData("", "Please provide a role name\n")]
    [InlineData("a b", "Please provide a role name\n")]
    public void A_permission_is_of_one_role(string words, string complaint)
    {
        Assert.Equal(complaint, Assert.Throws<EtcdctlFailure>(() => RoleCommand.Permissions(Words(words), "/a", true, false, false)).Message);
    }

    [Theory]
    [InlineData("", "u", "No roles specified; please use `-roles`\n")]
    [InlineData("", "", "No roles specified; please use `-roles`\n")]
    [InlineData("r", "u v", "Please provide a username\n")]
    public void Roles_are_granted_to_one_user(string roles, string words, string complaint)
    {
        Assert.Equal(complaint, Assert.Throws<EtcdctlFailure>(() => UserCommand.Roles(Words(roles), Words(words))).Message);
    }

    [Fact]
    public void Roles_are_repeated_or_a_list() => Assert.Equal(["a", "b", "c"], UserCommand.Roles(["a,b", "c"], ["u"]).Roles);

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    [InlineData(60, 60L)]
    [InlineData(99999999999, 9223372036L)] // the original's number runs over
    public void A_TTL_is_of_seconds_and_zero_is_none(long given, long? seconds)
    {
        Assert.Equal(seconds, (long?)WriteCommand.Ttl(given)?.TotalSeconds);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [Theory]
    [InlineData(true, false, false, "/a/*", "")]
    [InlineData(false, true, false, "", "/a/*")]
    [InlineData(false, false, true, "/a/*", "/a/*")]
    public void A_right_goes_where_it_belongs(bool isRead, bool isWrite, bool isBoth, string read, string write)
    {
        var permissions = RoleCommand.Permissions(["r"], "/a/*", isRead, isWrite, isBoth);

        Assert.Equal((read, write), (string.Join(',', permissions.Read), string.Join(',', permissions.Write)));
    }

    [Fact]
    public void A_member_is_a_line_and_one_that_never_started_a_short_one()
    {
        Assert.Equal("abc: name=one peerURLs=http://p:1,http://p:2 clientURLs=http://c:1 isLeader=true", MemberCommand.Line(_member, 0xabc));
        Assert.Equal("abc[unstarted]: peerURLs=http://p:1,http://p:2", MemberCommand.Line(_member with { Name = "" }, 1));
    }

    [Fact]
    public void The_new_members_cluster_has_its_name_although_it_does_not_know_it_yet()
    {
        var added = new Member(0xdef, "", ["http://n:1"], []);

        Assert.Equal("one=http://p:1,one=http://p:2,two=http://n:1", MemberCommand.InitialCluster([_member, added], added, "two"));
    }

    // "cluster is healthy with one healthy member of five": the original's, unless --strict.
    [Theory]
    [InlineData("healthy", false, true)]
    [InlineData("healthy,unreachable,unreachable", false, true)]
    [InlineData("healthy,unreachable,unreachable", true, false)]
    [InlineData("healthy,healthy", true, true)]
    [InlineData("unhealthy,unreachable", false, false)]
    public void One_healthy_member_is_a_healthy_cluster_unless_strictly_seen(string states, bool isStrict, bool isHealthy)
    {
        var report = states.Split(',').Select(state => new ClusterHealthCommand.MemberHealth(_member, state, state == "unreachable" ? "" : "http://c:1", [])).ToImmutableArray();

        Assert.Equal(isHealthy, ClusterHealthCommand.IsHealthy(report, isStrict));
    }

    [Fact]
    public void Health_is_told_member_by_member()
    {
        string text = ClusterHealthCommand.Text(
            [
                new(_member, "healthy", "http://c:1", []),
                new(_member with { Id = 2 }, "unreachable", "", ["failed to check the health of member 2 on http://c:1: E"]),
                new(_member with { Id = 3, ClientUrls = [] }, "unreachable", "", []),
            ],
            isHealthy: false);

        Assert.Equal(
            """
            member abc is healthy: got healthy result from http://c:1
            failed to check the health of member 2 on http://c:1: E
            member 2 is unreachable: [http://c:1] are all unreachable
            member 3 is unreachable: no available published client urls
            cluster is unhealthy: 1 of 3 members are healthy

            """,
            text);
    }
}
