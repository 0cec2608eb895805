using Coreutil.Core.Applets;

namespace Coreutil;

/// <summary>Where the links to this binary lie: units find etcdctl and its like there.</summary>
internal static class LinkDirectory
{
    /// <summary>The directory of the name we were called by, looked up in PATH when it is a bare name; else the binary's own.</summary>
    public static string Of(AppletContext context)
    {
        string name = context.InvokedAs;
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return Path.GetDirectoryName(Path.GetFullPath(name))!;
        }

        return (context.Variable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(directory => File.Exists(Path.Combine(directory, name)))
            ?? Path.GetDirectoryName(context.ExecutablePath)!;
    }
}
