namespace Coreutil.Tests.Architecture;

// Rules that no analyzer holds: where the process, the clock and the console may be touched.
public sealed class SourceRulesTests
{
    [Theory]
    [InlineData("Console.", "src/Coreutil/ProcessContext.cs")]
    [InlineData("DateTime.Now", "")]
    [InlineData("DateTime.UtcNow", "")]
    [InlineData("DateTimeOffset.UtcNow", "")]
    [InlineData("Thread.Sleep(", "")]
    [InlineData("Environment.Exit(", "src/Coreutil/ProcessContext.cs")]
    [InlineData("#region", "")]
    public void A_dangerous_word_stands_only_where_it_belongs(string word, string allowedFile)
    {
        string[] offenders = [.. Repository.Sources("src")
            .Where(path => File.ReadAllText(path).Contains(word, StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Where(path => path != allowedFile)];

        Assert.Empty(offenders);
    }

    [Fact]
    public void The_supervisor_starts_no_process_by_the_framework()
    {
        // waitid(P_ALL) and System.Diagnostics.Process in one process end it: "Error while reaping child".
        Assert.DoesNotContain(
            Repository.Sources("src/Coreutil.Supervisor").Select(File.ReadAllText),
            text => text.Contains(" Process.Start(", StringComparison.Ordinal) || text.Contains("new Process(", StringComparison.Ordinal));
    }
}
