using System.Xml.Linq;

namespace Coreutil.Tests.Architecture;

// The arrows of the house: what each assembly may reference, and nothing else.
public sealed class DependencyTests
{
    [Theory]
    [InlineData("Coreutil.Core", "")]
    [InlineData("Coreutil.Raft", "")]
    [InlineData("Coreutil.Etcd.Api", "")]
    [InlineData("Coreutil.Etcd.Client", "Coreutil.Core Coreutil.Etcd.Api")]
    [InlineData("Coreutil.Etcd.Server", "Coreutil.Core Coreutil.Etcd.Api Coreutil.Raft")]
    [InlineData("Coreutil.Units", "Coreutil.Core")]
    [InlineData("Coreutil.Supervisor", "Coreutil.Core Coreutil.Units")]
    [InlineData("Coreutil.Fleet", "Coreutil.Core Coreutil.Etcd.Api Coreutil.Etcd.Client Coreutil.Units")]
    [InlineData("Coreutil.Confd", "Coreutil.Core Coreutil.Etcd.Api Coreutil.Etcd.Client")]
    public void An_assembly_references_what_the_plan_allows(string assembly, string allowed)
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "src", assembly, $"{assembly}.csproj"));
        string[] references = [.. project.Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))
            .Order(StringComparer.Ordinal)];

        Assert.Equal(allowed, string.Join(' ', references));
    }

    [Fact]
    public void Raft_is_pure()
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "src", "Coreutil.Raft", "Coreutil.Raft.csproj"));

        Assert.Empty(project.Descendants("PackageReference"));
        Assert.DoesNotContain(
            Repository.Sources("src/Coreutil.Raft").Select(File.ReadAllText),
            text => text.Contains("async ", StringComparison.Ordinal) || text.Contains("TimeProvider", StringComparison.Ordinal)
                || text.Contains("System.IO", StringComparison.Ordinal) || text.Contains("DateTime", StringComparison.Ordinal));
    }

    [Fact]
    public void The_template_engine_knows_no_other_room()
    {
        Assert.DoesNotContain(
            Repository.Sources("src/Coreutil.Confd/Templates").SelectMany(File.ReadAllLines),
            line => line.StartsWith("using Coreutil.", StringComparison.Ordinal) && !line.Contains("Coreutil.Confd.Templates", StringComparison.Ordinal));
    }
}
