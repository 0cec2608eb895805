using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Coreutil.Etcd.Server.Auth;

/// <summary>
/// bcrypt with etcd's cost. A pair that was right is remembered for a minute under a keyed digest, so that a request does not cost the
/// 60 ms of a hash; the stored hash is in the digest, so a changed password counts at once.
/// </summary>
internal sealed class Passwords(TimeProvider time)
{
    private const int Cost = 10;
    private const int MaximumRemembered = 1000;
    private static readonly TimeSpan _remembered = TimeSpan.FromMinutes(1);
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _verified = new(StringComparer.Ordinal);

    public static string Hash(string password) => BCrypt.Net.BCrypt.HashPassword(password, Cost);

    public bool Verify(string password, string hash)
    {
        string digest = Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{hash}\n{password}")));
        var now = time.GetUtcNow();
        if (_verified.TryGetValue(digest, out var until) && now < until)
        {
            return true;
        }

        if (!IsRight(password, hash))
        {
            return false;
        }

        if (_verified.Count >= MaximumRemembered)
        {
            _verified.Clear();
        }

        _verified[digest] = now + _remembered;
        return true;
    }

    private static bool IsRight(string password, string hash)
    {
        try
        {
            return BCrypt.Net.BCrypt.Verify(password, hash);
        }
        catch (BCrypt.Net.SaltParseException)
        {
            // A record that holds no hash lets nobody in.
            return false;
        }
    }
}
