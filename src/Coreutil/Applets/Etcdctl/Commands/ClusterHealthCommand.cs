using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Coreutil.Core.Applets;
using Coreutil.Etcd.Api;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl.Commands;

/// <summary>Asks every member for its health. To the original one healthy member is a healthy cluster; --strict wants all of them.</summary>
internal static class ClusterHealthCommand
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(10);

    public static Command Create(EtcdctlSession session)
    {
        var words = EtcdctlSession.Words(" ");
        var forever = new Option<bool>("--forever") { Description = "forever check the health every 10 second until CTRL+C" };
        var command = new Command("cluster-health", "check the health of the etcd cluster") { words, forever };
        command.SetAction((parsed, cancel) => session.TryAsync(() => RunAsync(session, parsed, parsed.GetValue(forever), cancel), cancel));
        return command;
    }

    private static async Task<int> RunAsync(EtcdctlSession session, ParseResult parsed, bool isForever, CancellationToken cancel)
    {
        var output = session.Context.Out;
        using var client = await session.Connection(parsed).OpenGivenAsync(cancel);
        var members = await ListAsync(client, session, cancel);
        for (; ; )
        {
            var report = new List<MemberHealth>();
            foreach (var member in members)
            {
                report.Add(await CheckAsync(client, member, cancel));
            }

            bool isHealthy = IsHealthy(report, parsed.GetValue(session.Options.Strict));
            session.Answer(parsed, Text(report, isHealthy), writer => Write(writer, report, isHealthy));
            if (!isForever)
            {
                return isHealthy ? ExitCode.Success : EtcdctlExit.ClusterNotHealthy;
            }

            await output.WriteAsync("\nnext check after 10 second...\n\n");
            await Task.Delay(_interval, session.Context.Time, cancel);
        }
    }

    internal static bool IsHealthy(IReadOnlyCollection<MemberHealth> report, bool isStrict) =>
        isStrict ? report.Count > 0 && report.All(member => member.State == Healthy) : report.Any(member => member.State == Healthy);

    private static async Task<ImmutableArray<Member>> ListAsync(EtcdHttpClient client, EtcdctlSession session, CancellationToken cancel)
    {
        try
        {
            return await new MembersApi(client).ListAsync(cancel);
        }
        catch (Exception failure) when (failure is EtcdUnavailableException or EtcdApiException or EtcdProtocolException)
        {
            await session.Context.Out.WriteLineAsync("cluster may be unhealthy: failed to list members");
            if (failure is EtcdApiException)
            {
                throw EtcdctlFailure.Error(failure.Message, EtcdctlExit.ServerError);
            }

            throw;
        }
    }

    private static async Task<MemberHealth> CheckAsync(EtcdHttpClient client, Member member, CancellationToken cancel)
    {
        var failures = ImmutableArray.CreateBuilder<string>();
        foreach (string url in member.ClientUrls)
        {
            try
            {
                var endpoint = EtcdctlEndpoints.ParseAll([url])[0];
                var reply = await client.SendToAsync(endpoint, new(HttpMethod.Get, "/health"), cancel);
                return new(member, IsTrue(reply.Body) ? Healthy : "unhealthy", url, failures.ToImmutable());
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested && failure is HttpRequestException or IOException or OperationCanceledException or JsonException)
            {
                string reason = failure is JsonException ? "not the answer of an etcd" : $"Get \"{url}/health\": {GoNetError.Describe(failure, new Uri(url))}";
                failures.Add($"failed to check the health of member {member.IdText} on {url}: {reason}");
            }
        }

        return new(member, "unreachable", "", failures.ToImmutable());
    }

    /// <summary>etcd 2 writes a text, some later ones a boolean.</summary>
    private static bool IsTrue(byte[] reply)
    {
        using var document = JsonDocument.Parse(reply);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("health"u8, out var health)
            && (health.ValueKind == JsonValueKind.True || (health.ValueKind == JsonValueKind.String && health.GetString() == "true"));
    }

    internal static string Text(IReadOnlyCollection<MemberHealth> report, bool isHealthy)
    {
        int healthy = report.Count(member => member.State == Healthy);
        string more = !isHealthy && healthy > 0 ? $": {healthy} of {report.Count} members are healthy" : "";
        return string.Concat(report.SelectMany(Lines).Select(line => line + "\n")) + (isHealthy ? "cluster is healthy\n" : $"cluster is unhealthy{more}\n");
    }

    private static IEnumerable<string> Lines(MemberHealth report) =>
    [
        .. report.Failures,
        report switch
        {
            { Member.ClientUrls.Length: 0 } => $"member {report.Member.IdText} is unreachable: no available published client urls",
            { Url: "" } => $"member {report.Member.IdText} is unreachable: [{string.Join(' ', report.Member.ClientUrls)}] are all unreachable",
            _ => $"member {report.Member.IdText} is {report.State}: got {report.State} result from {report.Url}",
        },
    ];

    private static void Write(Utf8JsonWriter writer, IEnumerable<MemberHealth> report, bool isHealthy)
    {
        writer.WriteBoolean("healthy"u8, isHealthy);
        writer.WriteStartArray("members"u8);
        foreach (var (member, state, url, failures) in report)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, member.IdText);
            writer.WriteString("name"u8, member.Name);
            writer.WriteString("health"u8, state);
            writer.WriteString("url"u8, url);
            Member.WriteUrls(writer, "failures", failures);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private const string Healthy = "healthy";

    /// <summary>What a member said; <see cref="Url"/> is empty where it said nothing.</summary>
    internal sealed record MemberHealth(Member Member, string State, string Url, ImmutableArray<string> Failures);
}
