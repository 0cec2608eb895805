using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>member: list, add, remove and update. Refusals are bare messages with exit code 1.</summary>
internal static class MemberCommand
{
    public static Command Create(EtcdctlSession session) => new("member", "member add, remove and list subcommands")
    {
        CreateList(session),
        CreateAdd(session),
        CreateRemove(session),
        CreateUpdate(session),
    };

    private static Command CreateList(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words(" ");
        var command = new Command("list", "enumerate existing cluster members") { words };
        command.SetAction((parsed, cancel) => session.OnMembersAsync(
            parsed,
            () => EtcdctlSession.NoWords(parsed.GetRequiredValue(words)),
            async (members, _, limit) =>
            {
                var all = await members.ListAsync(limit);
                ulong leader = await LeaderAsync(members, limit);
                session.Answer(
                    parsed,
                    string.Concat(all.Select(member => Line(member, leader) + "\n")),
                    writer => WriteMembers(writer, all, leader));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreateAdd(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<name> <peerURL>");
        var command = new Command("add", "add a new member to the etcd cluster") { words };
        command.SetAction((parsed, cancel) => session.OnMembersAsync(
            parsed,
            () => Exactly(parsed.GetRequiredValue(words), 2, "Provide a name and a single member peerURL"),
            async (members, given, limit) =>
            {
                var (name, peerUrl) = (given[0], given[1]);
                EtcdctlEndpoints.CheckPeer(peerUrl);
                var added = await members.AddAsync(peerUrl, limit);
                var all = await members.ListAsync(limit);
                string cluster = InitialCluster(all, added, name);
                session.Answer(
                    parsed,
                    $"Added member named {name} with ID {added.IdText} to cluster\n\n"
                        + $"ETCD_NAME={GoQuote.Quote(name)}\nETCD_INITIAL_CLUSTER={GoQuote.Quote(cluster)}\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n",
                    writer =>
                    {
                        WriteChange(writer, "add", added.IdText);
                        writer.WriteString("ETCD_NAME"u8, name);
                        writer.WriteString("ETCD_INITIAL_CLUSTER"u8, cluster);
                        writer.WriteString("ETCD_INITIAL_CLUSTER_STATE"u8, "existing"u8);
                    });
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreateRemove(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<memberID>");
        var command = new Command("remove", "remove an existing member from the etcd cluster") { words };
        command.SetAction((parsed, cancel) => session.OnMembersAsync(
            parsed,
            () => Exactly(parsed.GetRequiredValue(words), 1, "Provide a single member ID"),
            async (members, given, limit) =>
            {
                string id = given[0];
                var all = await KnownAsync(members, limit);
                if (all.All(member => member.IdText != id))
                {
                    throw EtcdctlFailure.BadArguments(
                        string.Concat(all.Where(member => member.Name == id).Select(Hint)) + $"Couldn't find a member in the cluster with an ID of {id}.");
                }

                await members.RemoveAsync(id, limit);
                session.Answer(parsed, $"Removed member {id} from cluster\n", writer => WriteChange(writer, "remove", id));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static Command CreateUpdate(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words("<memberID> <peerURLs>");
        var command = new Command("update", "update an existing member in the etcd cluster") { words };
        command.SetAction((parsed, cancel) => session.OnMembersAsync(
            parsed,
            () => Exactly(parsed.GetRequiredValue(words), 2, "Provide an ID and a list of comma separated peerURL (0xabcd http://example.com,http://example1.com)"),
            async (members, given, limit) =>
            {
                string id = given[0];
                ImmutableArray<string> peerUrls = [.. given[1].Split(',')];
                foreach (string url in peerUrls)
                {
                    EtcdctlEndpoints.CheckPeer(url);
                }

                await members.UpdateAsync(id, peerUrls, limit);
                session.Answer(parsed, $"Updated member with ID {id} in cluster\n", writer => WriteChange(writer, "update", id));
                return ExitCode.Success;
            },
            cancel));
        return command;
    }

    private static string[] Exactly(string[] words, int count, string complaint) => words.Length == count ? words : throw EtcdctlFailure.BadArguments(complaint);

    private static async Task<ImmutableArray<Member>> KnownAsync(MembersApi members, CancellationToken cancel)
    {
        try
        {
            return await members.ListAsync(cancel);
        }
        catch (Exception failure) when (failure is EtcdUnavailableException or EtcdApiException)
        {
            throw EtcdctlFailure.BadArguments(
                $"Error while verifying ID against known members: {(failure is EtcdApiException ? failure.Message : EtcdUnavailableException.Summary)}");
        }
    }

    internal static string Line(Member member, ulong leader) => member.Name.Length == 0
        ? $"{member.IdText}[unstarted]: peerURLs={string.Join(',', member.PeerUrls)}"
        : $"{member.IdText}: name={member.Name} peerURLs={string.Join(',', member.PeerUrls)} clientURLs={string.Join(',', member.ClientUrls)} "
            + $"isLeader={(member.Id == leader ? "true" : "false")}";

    /// <summary>The new member's --initial-cluster: it does not know its own name yet.</summary>
    internal static string InitialCluster(ImmutableArray<Member> members, Member added, string name) => string.Join(
        ',', members.SelectMany(member => member.PeerUrls.Select(url => $"{(member.Id == added.Id ? name : member.Name)}={url}")));

    private static async Task<ulong> LeaderAsync(MembersApi members, CancellationToken cancel)
    {
        try
        {
            return (await members.LeaderAsync(cancel)).Id;
        }
        catch (Exception none) when (none is EtcdApiException or EtcdUnavailableException)
        {
            // Go's Println leaves a second blank.
            throw EtcdctlFailure.BadArguments($"Failed to get leader:  {(none is EtcdUnavailableException ? EtcdUnavailableException.Summary : none.Message)}");
        }
    }

    private static string Hint(Member member) =>
        $"Found a member named {member.Name}; if this is correct, please use its ID, eg:\n\tetcdctl member remove {member.IdText}\n"
        + "For more details, read the documentation at https://github.com/coreos/etcd/blob/master/Documentation/runtime-configuration.md#remove-a-member\n\n";

    private static void WriteChange(Utf8JsonWriter writer, string action, string id)
    {
        writer.WriteString("action"u8, action);
        writer.WriteString("id"u8, id);
    }

    private static void WriteMembers(Utf8JsonWriter writer, ImmutableArray<Member> members, ulong leader)
    {
        writer.WriteStartArray("members"u8);
        foreach (var member in members)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, member.IdText);
            writer.WriteString("name"u8, member.Name);
            Member.WriteUrls(writer, "peerURLs", member.PeerUrls);
            Member.WriteUrls(writer, "clientURLs", member.ClientUrls);
            writer.WriteBoolean("isLeader"u8, member.Id == leader);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
