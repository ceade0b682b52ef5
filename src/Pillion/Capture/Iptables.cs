using System.Globalization;
using System.Runtime.Versioning;
using System.Text;

namespace Pillion.Capture;

/// <summary>The capture by <c>iptables-restore</c> and its twin for IPv6: for machines without <c>nft</c>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Iptables(RuleProgram program) : IPacketFilter
{
    // Another program may hold the lock of iptables; without waiting, the loser of the race fails.
    private static readonly string[] Restore = ["-w", "10", "--noflush"];

    public string Name => "iptables";

    public string Program => "iptables-restore";

    public string Render(CaptureOptions options)
    {
        var text = new StringBuilder($"# iptables-restore {string.Join(' ', Restore)}\n").Append(IptablesRules.Of(options, isV6: false));
        return (options.Config.Ipv6 ? text.Append($"# ip6tables-restore {string.Join(' ', Restore)}\n").Append(IptablesRules.Of(options, isV6: true)) : text).ToString();
    }

    public async Task<string?> InstallAsync(CaptureOptions options, CancellationToken cancellationToken)
    {
        foreach (var family in Families)
        {
            if (family.IsV6 && !options.Config.Ipv6)
            {
                if (await RemoveAsync(family, cancellationToken).ConfigureAwait(false) is { } left)
                {
                    return left;
                }

                continue;
            }

            var (installed, mistake) = await SavedAsync(family, cancellationToken).ConfigureAwait(false);
            mistake ??= await RestoreAsync(family, IptablesRules.Of(options, family.IsV6, installed), cancellationToken).ConfigureAwait(false);
            if (mistake is not null)
            {
                // Both families or none.
                await RemoveAsync(cancellationToken).ConfigureAwait(false);
                return family.IsV6 ? $"{mistake}; without IPv6 here, use --no-ipv6" : mistake;
            }
        }

        return null;
    }

    public async Task<(string? Text, string? Mistake)> RenderRemovalAsync(CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var family in Families)
        {
            var (installed, mistake) = await SavedAsync(family, cancellationToken).ConfigureAwait(false);
            if (mistake is not null)
            {
                return (null, mistake);
            }

            if (IptablesRules.Removal(installed) is { } removal)
            {
                text.Append($"# {family.Prefix}-restore {string.Join(' ', Restore)}\n").Append(removal);
            }
        }

        return (text.ToString(), null);
    }

    public async Task<string?> RemoveAsync(CancellationToken cancellationToken)
    {
        string? first = null;
        foreach (var family in Families)
        {
            first ??= await RemoveAsync(family, cancellationToken).ConfigureAwait(false);
        }

        return first;
    }

    public async Task<InstalledRules> ShowAsync(CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        long outbound = 0, inbound = 0, own = 0;
        foreach (var family in Families)
        {
            var (saved, mistake) = await SavedAsync(family, cancellationToken).ConfigureAwait(false);
            if (mistake is not null)
            {
                return new(null, Mistake: mistake);
            }

            var ours = saved.Split('\n').Where(line => line.Contains("PILLION_", StringComparison.Ordinal)).ToList();
            if (ours.Count > 0)
            {
                text.Append($"# {family.Prefix}\n").AppendJoin('\n', ours).Append('\n');
                outbound += Count(ours, IptablesRules.OutChain, "-j REDIRECT");
                inbound += Count(ours, IptablesRules.InChain, "-j REDIRECT");
                // The sidecar's own rules come before the one for the loopback interface; an excluded user's look the same and come after it.
                own += Count(ours.TakeWhile(line => !line.Contains("-o lo", StringComparison.Ordinal)), IptablesRules.OutChain, "-j RETURN", "--tcp-flags");
            }
        }

        return text.Length == 0 ? InstalledRules.None : new(text.ToString(), outbound, inbound, own);
    }

    // "[7:420] -A PILLION_OUT … -j REDIRECT …": packets and bytes come first.
    internal static long Count(IEnumerable<string> lines, string chain, string part, string? notPart = null) => lines
        .Where(line => line.StartsWith('[') && line.Contains($"-A {chain} ", StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal)
            && (notPart is null || !line.Contains(notPart, StringComparison.Ordinal)))
        .Sum(line => long.Parse(line.AsSpan(1, line.IndexOf(':') - 1), NumberStyles.None, CultureInfo.InvariantCulture));

    private static IEnumerable<Family> Families => [new("iptables", IsV6: false), new("ip6tables", IsV6: true)];

    private async Task<string?> RemoveAsync(Family family, CancellationToken cancellationToken)
    {
        var (installed, mistake) = await SavedAsync(family, cancellationToken).ConfigureAwait(false);
        return mistake is not null ? mistake
            : IptablesRules.Removal(installed) is { } removal ? await RestoreAsync(family, removal, cancellationToken).ConfigureAwait(false)
            : null;
    }

    private async Task<(string Installed, string? Mistake)> SavedAsync(Family family, CancellationToken cancellationToken)
    {
        var result = await program.RunAsync($"{family.Prefix}-save", ["-c", "-t", "nat"], "", cancellationToken).ConfigureAwait(false);
        return (result.Output, result.IsOk ? null : Refusal(family, result));
    }

    private async Task<string?> RestoreAsync(Family family, string input, CancellationToken cancellationToken)
    {
        var result = await program.RunAsync($"{family.Prefix}-restore", Restore, input, cancellationToken).ConfigureAwait(false);
        return result.IsOk ? null : Refusal(family, result);
    }

    private static string Refusal(Family family, ProgramResult result) =>
        result.Error.Contains("Permission denied", StringComparison.Ordinal) || result.Error.Contains("Operation not permitted", StringComparison.Ordinal)
            ? NetworkRights.Missing
            : $"{family.Prefix} did not take the rules ({result.FirstError})";

    private sealed record Family(string Prefix, bool IsV6);
}
