using System.Collections.Immutable;
using System.CommandLine;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl;

/// <summary>Makes the client that the options ask for; unless told not to, with the endpoints the cluster itself publishes.</summary>
internal sealed class EtcdctlConnection(AppletContext context, EtcdctlOptions options, ParseResult parsed)
{
    private bool IsDebug => parsed.GetValue(options.Debug);

    public async Task<EtcdHttpClient> OpenAsync(CancellationToken cancel)
    {
        var given = OpenGiven();
        if (parsed.GetValue(options.NoSync))
        {
            WriteEndpoints(given.Endpoints);
            return given;
        }

        Trace($"start to sync cluster using endpoints({Join(given.Endpoints)})");
        try
        {
            var published = await PublishedAsync(given, cancel);
            Trace($"got endpoints({Join(published)}) after sync");
            WriteEndpoints(published);
            if (published.ToHashSet().SetEquals(given.Endpoints))
            {
                return given;
            }

            given.Dispose();
            return new EtcdHttpClient(Settings(published));
        }
        catch (EtcdUnavailableException unreachable)
        {
            throw new EtcdctlFailure(Text(unreachable), EtcdctlExit.BadConnection);
        }
        catch (EtcdApiException refused)
        {
            throw EtcdctlFailure.Error(refused.Message, EtcdctlExit.ServerError);
        }
    }

    /// <summary>A client of the endpoints as they were given.</summary>
    public EtcdHttpClient OpenGiven()
    {
        if ((parsed.GetValue(options.DiscoverySrv) ?? context.Variable("ETCDCTL_DISCOVERY_SRV")) is { Length: > 0 })
        {
            throw EtcdctlFailure.BadArguments("etcdctl: --discovery-srv is not built yet");
        }

        return new EtcdHttpClient(Settings([.. EtcdctlEndpoints.Choose(Flag, context.Variable).Select(EtcdctlEndpoints.Parse)]));
    }

    /// <summary>The original's text: a line an endpoint, and an empty one.</summary>
    public static string Text(EtcdUnavailableException unreachable) =>
        $"Error:  {EtcdUnavailableException.Summary}\n{string.Concat(unreachable.Errors.Select((error, number) => $"error #{number}: {error}\n"))}\n";

    private static async Task<ImmutableArray<Uri>> PublishedAsync(EtcdHttpClient given, CancellationToken cancel)
    {
        var members = await new MembersApi(given).ListAsync(cancel);
        Uri[] published = [.. members.SelectMany(member => member.ClientUrls).Select(EtcdctlEndpoints.Parse)];
        if (published.Length == 0)
        {
            throw new EtcdctlFailure(
                "etcd cluster has no published client endpoints.\n"
                    + $"Try '--no-sync' if you want to access non-published client endpoints({Join(given.Endpoints)}).\n"
                    + "Error:  client: no endpoints available\n",
                EtcdctlExit.ServerError);
        }

        // So that not every client asks the same member.
        Random.Shared.Shuffle(published);
        return [.. published];
    }

    private EtcdClientOptions Settings(ImmutableArray<Uri> endpoints)
    {
        string[] user = (parsed.GetValue(options.Username) ?? "").Split(':', 2);
        if (user is [{ Length: > 0 }])
        {
            throw EtcdctlFailure.BadArguments("etcdctl: a prompt for the password is not built yet; give it as --username user:password");
        }

        return new()
        {
            Endpoints = endpoints,
            EndpointTimeout = parsed.GetValue(options.Timeout),
            Username = user is [var name, _] ? name : null,
            Password = user is [_, var password] ? password : null,
            CaFile = parsed.GetValue(options.CaFile) ?? context.Variable("ETCDCTL_CA_FILE"),
            CertFile = parsed.GetValue(options.CertFile) ?? context.Variable("ETCDCTL_CERT_FILE"),
            KeyFile = parsed.GetValue(options.KeyFile) ?? context.Variable("ETCDCTL_KEY_FILE"),
            OnRequest = IsDebug ? WriteCurl : null,
        };
    }

    private string? Flag(string name) =>
        options.All.OfType<Option<string>>().Where(option => option.Name == "--" + name).Select(option => parsed.GetValue(option)).FirstOrDefault() is { Length: > 0 } value
            ? value
            : null;

    private void WriteEndpoints(ImmutableArray<Uri> endpoints) => Trace($"Cluster-Endpoints: {string.Join(", ", endpoints.Select(EtcdHttpClient.Show))}");

    private void WriteCurl(EtcdRequest request, Uri endpoint)
    {
        string? body = request.Json ?? (request.Form.IsDefault
            ? null
            : string.Join('&', request.Form.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value).Replace("%20", "+", StringComparison.Ordinal)}")));
        string data = body is null ? "" : $" -d {GoQuote.Quote(body)}";
        context.Error.WriteLine($"cURL Command: curl -X {request.Method} {EtcdHttpClient.Show(endpoint)}{request.PathAndQuery}{data}");
    }

    private void Trace(string line)
    {
        if (IsDebug)
        {
            context.Error.WriteLine(line);
        }
    }

    private static string Join(ImmutableArray<Uri> endpoints) => string.Join(',', endpoints.Select(EtcdHttpClient.Show));
}
