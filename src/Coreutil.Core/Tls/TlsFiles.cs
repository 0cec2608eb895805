using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coreutil.Core.Tls;

/// <summary>What a server needs for TLS, as files; they may change while it runs.</summary>
/// <param name="TrustedCaFile">Empty: the system's authorities.</param>
public sealed record TlsSettings(string CertificateFile, string KeyFile, string TrustedCaFile, bool RequiresClientCertificate)
{
    public static TlsSettings None { get; } = new("", "", "", false);

    public bool IsEmpty => CertificateFile.Length == 0 && KeyFile.Length == 0;
}

/// <summary>The files cannot be used: which, and why.</summary>
public sealed class TlsFilesException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// The options of a handshake, from files that are read again when they changed: a renewed certificate counts from the next connection on.
/// While new files do not fit together (a certificate renewed before its key) the old ones stay.
/// </summary>
public sealed class TlsFiles
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private readonly TlsSettings _settings;
    private readonly Action<string> _onFailure;
    private readonly Lock _lock = new();
    private ImmutableArray<DateTime> _seen;
    private SslServerAuthenticationOptions _options;

    /// <param name="onFailure">Told when changed files cannot be used.</param>
    public TlsFiles(TlsSettings settings, Action<string> onFailure)
    {
        (_settings, _onFailure) = (settings, onFailure);
        _seen = Times();
        _options = Read();
    }

    /// <summary>The options of the next handshake.</summary>
    public SslServerAuthenticationOptions Current()
    {
        lock (_lock)
        {
            var times = Times();
            if (!times.SequenceEqual(_seen))
            {
                _seen = times;
                try
                {
                    _options = Read();
                }
                catch (TlsFilesException failure)
                {
                    _onFailure(failure.Message);
                }
            }

            return _options;
        }
    }

    private ImmutableArray<DateTime> Times() =>
        [.. ((string[])[_settings.CertificateFile, _settings.KeyFile, _settings.TrustedCaFile]).Where(file => file.Length > 0).Select(File.GetLastWriteTimeUtc)];

    private SslServerAuthenticationOptions Read()
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(_settings.CertificateFile, _settings.KeyFile);
            // The file may go on with the authorities between the certificate and the root.
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_settings.CertificateFile);
            return new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
                ClientCertificateRequired = _settings.RequiresClientCertificate,
                CertificateChainPolicy = _settings.RequiresClientCertificate ? ClientPolicy() : null,
            };
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new TlsFilesException(
                $"cannot use the certificate {_settings.CertificateFile} with the key {_settings.KeyFile}{(_settings.TrustedCaFile.Length > 0 ? $" and the authorities {_settings.TrustedCaFile}" : "")}: {failure.Message}",
                failure);
        }
    }

    private X509ChainPolicy ClientPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        if (_settings.TrustedCaFile.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(_settings.TrustedCaFile);
        }

        return policy;
    }
}
