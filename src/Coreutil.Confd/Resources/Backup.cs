using System.Globalization;

namespace Coreutil.Confd.Resources;

/// <summary>Earlier versions beside a file: <c>name.1</c> is the latest, the oldest falls off the end.</summary>
internal static class Backup
{
    public static void Keep(string path, int count)
    {
        try
        {
            for (int i = count - 1; i > 0; i--)
            {
                if (File.Exists(NameOf(path, i)))
                {
                    File.Move(NameOf(path, i), NameOf(path, i + 1), overwrite: true);
                }
            }

            // A copy: the file itself must be there until the new one takes its place.
            File.Copy(path, NameOf(path, 1), overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"backup of {path}: {failure.Message}", failure);
        }
    }

    private static string NameOf(string path, int number) => string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");
}
