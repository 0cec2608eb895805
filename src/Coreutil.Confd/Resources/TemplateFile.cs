using Coreutil.Confd.Templates;

namespace Coreutil.Confd.Resources;

/// <summary>Templates from the disk: the one a resource names, and the partials every one of them may call by file name.</summary>
internal static class TemplateFile
{
    public static Template Parse(
        string path, IEnumerable<TemplateFunction> functions, Delimiters delimiters, IEnumerable<TemplateSource> partials)
    {
        try
        {
            return Template.Parse(Path.GetFileName(path), File.ReadAllBytes(path), functions, delimiters, partials);
        }
        catch (TemplateException bad)
        {
            throw new ConfdException($"Unable to process template {path}, {bad.Message}", bad);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ConfdException($"open {path}: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>The files of CONFDIR/partials, in order of their paths.</summary>
    public static IEnumerable<TemplateSource> Partials(string configDirectory)
    {
        string directory = Path.Combine(configDirectory, "partials");
        return !Directory.Exists(directory)
            ? []
            : Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Where(path => !Path.GetFileName(path).StartsWith('.'))
                .Order(StringComparer.Ordinal)
                .Select(path => new TemplateSource(Path.GetRelativePath(directory, path), File.ReadAllBytes(path)));
    }
}
