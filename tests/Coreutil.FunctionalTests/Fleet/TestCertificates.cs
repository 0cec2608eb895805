namespace Coreutil.FunctionalTests.Fleet;

/// <summary>An authority, ca.pem, and certificates of it for a server on the loopback address and for a client.</summary>
internal static class TestCertificates
{
    public static async Task MakeAsync(TemporaryDirectory directory)
    {
        await File.WriteAllTextAsync(directory["server.ext"], "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
        await File.WriteAllTextAsync(directory["client.ext"], "extendedKeyUsage=clientAuth\n");
        await OpenSslAsync("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca", "-keyout", directory["ca.key"], "-out", directory["ca.pem"]);
        foreach (string name in (string[])["server", "client"])
        {
            await OpenSslAsync("req", "-newkey", "rsa:2048", "-nodes", "-subj", $"/CN={name}", "-keyout", directory[$"{name}.key"], "-out", directory[$"{name}.csr"]);
            await OpenSslAsync(
                "x509", "-req", "-in", directory[$"{name}.csr"], "-CA", directory["ca.pem"], "-CAkey", directory["ca.key"], "-CAcreateserial", "-days", "2",
                "-extfile", directory[$"{name}.ext"], "-out", directory[$"{name}.pem"]);
        }
    }

    private static async Task OpenSslAsync(params string[] arguments)
    {
        var outcome = await Published.RunAsync("openssl", arguments);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
    }
}
