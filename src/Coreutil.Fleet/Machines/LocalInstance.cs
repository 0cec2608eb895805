using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coreutil.Fleet.Machines;

/// <summary>
/// Tells this installation, in this boot, from every other one: a random word kept in state_dir, with the boot. A fleetd that was killed knows its own
/// registration by it; a copy of the machine is another one, for it booted by itself.
/// </summary>
public static class LocalInstance
{
    /// <exception cref="IOException">The directory cannot be used.</exception>
    public static string Read(string stateDirectory)
    {
        string file = Path.Combine(stateDirectory, "instance");
        string word = File.Exists(file) ? File.ReadAllText(file).Trim() : "";
        if (word.Length == 0)
        {
            word = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            File.WriteAllText(file, word);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{word} {BootIdentity()}")))[..16];
    }

    /// <summary>Another one after every boot, of a container too: its first process is another.</summary>
    public static string BootIdentity()
    {
        try
        {
            string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            string stat = File.ReadAllText("/proc/1/stat");

            // Behind the name in parentheses, which may hold anything: the state is field 3, the start time 22.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return $"{boot}:{fields[19]}";
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        }
    }
}
