namespace Coreutil.Fleet.Containers;

/// <summary>The line on a unit's container in what systemctl prints of it.</summary>
internal static class ContainerLine
{
    private const string Key = "Docker: ";

    /// <summary>
    /// Puts it at the end of the head, before the blank line that the journal follows: lines that are counted from the beginning or the end stay where they
    /// are. The colon stands below the one of <c>Active:</c>.
    /// </summary>
    public static string Insert(string status, string description)
    {
        int active = status.IndexOf("Active: ", StringComparison.Ordinal);
        int column = active < 0 ? 0 : active - (status.LastIndexOf('\n', active) + 1);
        string line = $"{new string(' ', Math.Max(0, column))}{Key}{description}\n";
        int blank = status.IndexOf("\n\n", StringComparison.Ordinal);
        return blank < 0 ? $"{status.TrimEnd('\n')}\n{line}" : status.Insert(blank + 1, line);
    }
}
