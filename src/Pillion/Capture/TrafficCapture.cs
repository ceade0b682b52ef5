using System.Runtime.Versioning;
using System.Text;
using Pillion.Net.Posix;

namespace Pillion.Capture;

/// <summary>
/// Has the kernel redirect connections to the sidecar. Installing replaces what was there, by whichever program and after whatever crash; removing
/// nothing is fine. Mistakes are sentences; null is success.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class TrafficCapture
{
    private const string NothingInstalled = "there is neither nft nor iptables here: install nftables";

    private readonly IPacketFilter[] _filters;

    public TrafficCapture(ChildProcesses processes)
    {
        var program = new RuleProgram(processes);
        _filters = [new Nftables(program), new Iptables(program)];
    }

    /// <summary>The rules as they would be loaded; changes nothing and asks for no rights. Where neither program is here, they are nft's.</summary>
    public (string? Rules, string? Mistake) Render(CaptureOptions options) =>
        MistakeIn(options) is { } mistake
            ? (null, mistake)
            : ((Choose(options.Filter, out _) ?? _filters.First(filter => options.Filter is null || filter.Name == options.Filter)).Render(options), null);

    public async Task<string?> InstallAsync(CaptureOptions options, CancellationToken cancellationToken = default)
    {
        if (MistakeIn(options) is { } mistake)
        {
            return mistake;
        }

        if (Choose(options.Filter, out var missing) is not { } filter)
        {
            return missing;
        }

        if (!NetworkRights.HasNetAdmin())
        {
            return NetworkRights.Missing;
        }

        if (await filter.InstallAsync(options, cancellationToken).ConfigureAwait(false) is { } refused)
        {
            return refused;
        }

        // Rules of an earlier run by the other program would take what these let pass.
        foreach (var other in Present().Where(other => other != filter))
        {
            if ((await other.ShowAsync(cancellationToken).ConfigureAwait(false)).Text is not null
                && await other.RemoveAsync(cancellationToken).ConfigureAwait(false) is { } left)
            {
                return $"rules of an earlier run stay: {left}";
            }
        }

        return null;
    }

    public async Task<string?> RemoveAsync(CancellationToken cancellationToken = default)
    {
        if (CannotAsk() is { } mistake)
        {
            return mistake;
        }

        var there = Present();
        string? refused = null;
        for (var i = 0; i < there.Count; i++)
        {
            var failed = await there[i].RemoveAsync(cancellationToken).ConfigureAwait(false);
            // A kernel without the second choice has nothing of it to remove.
            refused ??= i == 0 ? failed : null;
        }

        return refused;
    }

    /// <summary>What removing would load.</summary>
    public async Task<(string? Rules, string? Mistake)> RenderRemovalAsync(CancellationToken cancellationToken = default)
    {
        if (CannotAsk() is { } mistake)
        {
            return (null, mistake);
        }

        var text = new StringBuilder();
        foreach (var filter in Present())
        {
            text.Append((await filter.RenderRemovalAsync(cancellationToken).ConfigureAwait(false)).Text);
        }

        return (text.ToString(), null);
    }

    /// <summary>What is installed, by every program that is here; a mistake where none can be asked.</summary>
    public async Task<(IReadOnlyList<(string Filter, InstalledRules Rules)> Installed, string? Mistake)> ShowAsync(CancellationToken cancellationToken = default)
    {
        var installed = new List<(string, InstalledRules)>();
        var mistake = CannotAsk();
        foreach (var filter in mistake is null ? Present() : [])
        {
            var rules = await filter.ShowAsync(cancellationToken).ConfigureAwait(false);
            mistake ??= rules.Mistake;
            if (rules.Text is not null)
            {
                installed.Add((filter.Name, rules));
            }
        }

        // What one program shows is not hidden by another that the kernel does not know.
        return (installed, installed.Count > 0 ? null : mistake);
    }

    private static string? MistakeIn(CaptureOptions options) =>
        options.Config.Mistake is var (problem, remedy) ? $"the capture {problem}; {remedy}" : null;

    private string? CannotAsk() => Present().Count == 0 ? NothingInstalled : NetworkRights.HasNetAdmin() ? null : NetworkRights.Missing;

    private List<IPacketFilter> Present() => [.. _filters.Where(filter => RuleProgram.Find(filter.Program) is not null)];

    private IPacketFilter? Choose(string? name, out string? missing)
    {
        missing = null;
        if (Present().Find(filter => name is null || filter.Name == name) is { } filter)
        {
            return filter;
        }

        missing = name is null ? NothingInstalled : $"{name} is not installed here";
        return null;
    }
}
