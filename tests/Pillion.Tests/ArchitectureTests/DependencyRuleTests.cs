using System.Reflection;
using System.Xml.Linq;
using Xunit;

namespace Pillion.Tests.ArchitectureTests;

/// <summary>Net knows nothing of ours, Core knows Net, a role knows Core and Net and no other role; only the program sees them all.</summary>
public sealed class DependencyRuleTests
{
    private const string Net = "Pillion.Net";
    private const string Core = "Pillion.Core";
    private const string Program = "Pillion";

    public static TheoryData<string> Projects => [.. Directory
        .EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
        .Select(file => Path.GetFileNameWithoutExtension(file))
        .Order(StringComparer.Ordinal)];

    [Fact]
    public void The_ground_floor_is_there() => Assert.Superset(new HashSet<string> { Net, Core, Program }, Names());

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_file_references_only_what_it_may(string project)
    {
        var allowed = Allowed(project);
        foreach (var reference in ReferencesOf(project))
        {
            Assert.True(allowed.Contains(reference), $"{project} references {reference}; it may reference only: {string.Join(", ", allowed)}");
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_uses_only_what_its_project_may(string project)
    {
        // The program's assembly is named after the command; a reference that reached it through another project shows here too.
        var file = Path.Combine(AppContext.BaseDirectory, (project == Program ? "pillion" : project) + ".dll");
        Assert.True(File.Exists(file), $"{project} is not built beside the tests; add it to what src/Pillion composes");
        var ours = Names();
        var allowed = Allowed(project);
        foreach (var name in Assembly.LoadFrom(file).GetReferencedAssemblies().Select(static assembly => assembly.Name!).Where(ours.Contains))
        {
            Assert.True(allowed.Contains(name), $"{project} uses {name}; it may use only: {string.Join(", ", allowed)}");
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_is_named_after_its_folder(string project) =>
        Assert.True(File.Exists(Repository.PathOf($"src/{project}/{project}.csproj")));

    private static HashSet<string> Names() => [.. Projects.Select(static row => row.Data)];

    private static HashSet<string> Allowed(string project) => project switch
    {
        Net => [],
        Core => [Net],
        Program => [.. Names().Where(static name => name != Program)],
        _ => [Net, Core],
    };

    private static IEnumerable<string> ReferencesOf(string project) => XDocument
        .Load(Repository.PathOf($"src/{project}/{project}.csproj"))
        .Descendants("ProjectReference")
        .Select(static reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
}
