using System.Collections.Immutable;
using System.CommandLine;
using System.Security.Cryptography;
using Coreutil.Core.Applets;
using Coreutil.Core.CommandLine;
using Coreutil.Core.Net;
using Coreutil.Etcd.Client;

namespace Coreutil.Applets.Etcdctl;

/// <summary>Makes the client that the options ask for; unless told not to, with the endpoints the cluster itself publishes.</summary>
internal sealed class EtcdctlConnection(AppletContext context, EtcdctlOptions options, ParseResult parsed)
{
    private bool IsDebug => parsed.GetValue(options.Debug);

    public async Task<EtcdHttpClient> OpenAsync(CancellationToken cancel, TimeSpan? endpointTimeout = null)
    {
        var settings = await SettingsAsync(cancel);
        // No time at all is no bad connection.
        cancel.ThrowIfCancellationRequested();
        if (parsed.GetValue(options.NoSync))
        {
            WriteEndpoints(settings.Endpoints);
            return Open(settings with { EndpointTimeout = endpointTimeout ?? settings.EndpointTimeout });
        }

        Trace($"start to sync cluster using endpoints({Join(settings.Endpoints)})");
        using var given = Open(settings);
        try
        {
            var published = await PublishedAsync(given, cancel);
            Trace($"got endpoints({Join(published)}) after sync");
            WriteEndpoints(published);
            return Open(settings with { Endpoints = published, EndpointTimeout = endpointTimeout ?? settings.EndpointTimeout });
        }
        catch (OperationCanceledException ended)
        {
            throw new SyncCanceledException(ended);
        }
        catch (EtcdUnavailableException unreachable)
        {
            throw new EtcdctlFailure(Text(unreachable), EtcdctlExit.BadConnection);
        }
        catch (EtcdApiException refused)
        {
            throw EtcdctlFailure.Error($"{refused.Message} from {Join(settings.Endpoints)}", EtcdctlExit.ServerError);
        }
    }

    /// <summary>A client of the endpoints as they were given. Only cluster-health asks for one; to it certificates that cannot be used are the server's error.</summary>
    public async Task<EtcdHttpClient> OpenGivenAsync(CancellationToken cancel)
    {
        var settings = await SettingsAsync(cancel);
        WriteEndpoints(settings.Endpoints);
        try
        {
            return Open(settings);
        }
        catch (EtcdctlFailure unusable)
        {
            throw new EtcdctlFailure($"Error:  {unusable.Message}", EtcdctlExit.ServerError);
        }
    }

    /// <summary>The original tells the endpoints twice where users and roles are concerned.</summary>
    public void WriteEndpoints(ImmutableArray<Uri> endpoints) => Trace($"Cluster-Endpoints: {string.Join(", ", endpoints.Select(EtcdHttpClient.Show))}");

    /// <summary>The original's text: a line an endpoint, and an empty one.</summary>
    public static string Text(EtcdUnavailableException unreachable) =>
        $"Error:  {EtcdUnavailableException.Summary}\n{string.Concat(unreachable.Errors.Select((error, number) => $"error #{number}: {error}\n"))}\n";

    private static async Task<ImmutableArray<Uri>> PublishedAsync(EtcdHttpClient given, CancellationToken cancel)
    {
        Uri[] published = [.. EtcdctlEndpoints.ParseAll(await UrlsAsync(new MembersApi(given), cancel))];
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

    private static async Task<IEnumerable<string>> UrlsAsync(MembersApi members, CancellationToken cancel)
    {
        try
        {
            return (await members.ListAsync(cancel)).SelectMany(member => member.ClientUrls);
        }
        catch (EtcdApiException)
        {
            // etcd 0.4 has no members API, but a list of its machines.
            if (await members.MachinesAsync(cancel) is { } machines)
            {
                return machines;
            }

            throw;
        }
    }

    /// <summary>The domain beats all lists of endpoints.</summary>
    private async Task<ImmutableArray<string>> EndpointsAsync(CancellationToken cancel)
    {
        if ((parsed.GetValue(options.DiscoverySrv) is { Length: > 0 } given ? given : context.Variable("ETCDCTL_DISCOVERY_SRV")) is not { } domain)
        {
            return EtcdctlEndpoints.Choose(Flag, context.Variable);
        }

        try
        {
            return await SrvDiscovery.FindAsync(SrvResolver.OfSystem(context.Time), domain, cancel);
        }
        catch (Exception failure) when (failure is SrvLookupException or FormatException)
        {
            throw EtcdctlFailure.BadArguments(failure.Message);
        }
    }

    private async Task<EtcdClientOptions> SettingsAsync(CancellationToken cancel)
    {
        string? File(Option<string> option, string variable) => parsed.GetValue(option) is { Length: > 0 } path ? path : context.Variable(variable);
        string[] user = (parsed.GetValue(options.Username) ?? "").Split(':', 2);
        string? password = user is [{ Length: > 0 }] ? PasswordPrompt.Ask(context, "Password: ") : user is [_, var given] ? given : null;
        return new()
        {
            Endpoints = EtcdctlEndpoints.ParseAll(await EndpointsAsync(cancel)),
            EndpointTimeout = parsed.GetValue(options.Timeout),
            Username = user is [{ Length: > 0 } name, ..] ? name : null,
            Password = password,
            CaFile = File(options.CaFile, "ETCDCTL_CA_FILE"),
            CertFile = File(options.CertFile, "ETCDCTL_CERT_FILE"),
            KeyFile = File(options.KeyFile, "ETCDCTL_KEY_FILE"),
            OnRequest = IsDebug ? WriteCurl : null,
        };
    }

    /// <summary>Certificates are read when a client is made: what is wrong with them is told in the original's words.</summary>
    private static EtcdHttpClient Open(EtcdClientOptions settings)
    {
        if (string.IsNullOrEmpty(settings.CertFile) != string.IsNullOrEmpty(settings.KeyFile))
        {
            throw EtcdctlFailure.BadArguments($"KeyFile and CertFile must both be present[key: {settings.KeyFile}, cert: {settings.CertFile}]");
        }

        if (((string?[])[settings.CertFile, settings.KeyFile, settings.CaFile]).FirstOrDefault(path => path is not null && !File.Exists(path)) is { } missing)
        {
            throw EtcdctlFailure.BadArguments($"open {missing}: no such file or directory");
        }

        if (settings is { CertFile.Length: > 0, KeyFile.Length: > 0 } && (NoPem(settings.CertFile, "certificate") ?? NoPem(settings.KeyFile, "key")) is { } complaint)
        {
            throw EtcdctlFailure.BadArguments(complaint);
        }

        try
        {
            return new EtcdHttpClient(settings);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw EtcdctlFailure.BadArguments(
                $"etcdctl: cannot use the certificates ({string.Join(' ', ((string?[])[settings.CertFile, settings.KeyFile, settings.CaFile]).Where(path => path is not null))}): {failure.Message}");
        }
    }

    private static string? NoPem(string path, string what) =>
        System.IO.File.ReadAllText(path).Contains("-----BEGIN ", StringComparison.Ordinal) ? null : $"tls: failed to find any PEM data in {what} input";

    private string? Flag(string name) =>
        options.All.OfType<Option<string>>().Where(option => option.Name == "--" + name).Select(option => parsed.GetValue(option)).FirstOrDefault() is { Length: > 0 } value
            ? value
            : null;

    private void WriteCurl(EtcdRequest request, Uri endpoint)
    {
        string? body = request.Json ?? (request.Form.IsDefault
            ? null
            : string.Join('&', request.Form.Select(field => $"{field.Key}={GoEscape.Query(field.Value)}")));
        string data = body is null ? "" : $" -d {GoQuote.Quote(body)}";
        context.Error.WriteLine($"cURL Command: curl -X {request.Method} {EtcdHttpClient.BaseOf(endpoint)}{request.PathAndQuery}{data}");
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

/// <summary>--total-timeout, or the user, ended the look for the cluster's endpoints.</summary>
internal sealed class SyncCanceledException(OperationCanceledException inner) : OperationCanceledException(inner.Message, inner);
