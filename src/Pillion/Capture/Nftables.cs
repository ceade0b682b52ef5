using System.Runtime.Versioning;
using System.Text.Json;

namespace Pillion.Capture;

/// <summary>The capture by <c>nft</c>: IPv4 and IPv6 in one table of its own, replaced at once.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Nftables(RuleProgram program) : IPacketFilter
{
    public string Name => "nft";

    public string Program => "nft";

    public string Render(CaptureOptions options) => NftablesRules.Of(options);

    public Task<string?> InstallAsync(CaptureOptions options, CancellationToken cancellationToken) => LoadAsync(NftablesRules.Of(options), cancellationToken);

    public Task<(string? Text, string? Mistake)> RenderRemovalAsync(CancellationToken cancellationToken) =>
        Task.FromResult<(string?, string?)>((NftablesRules.Removal, null));

    public Task<string?> RemoveAsync(CancellationToken cancellationToken) => LoadAsync(NftablesRules.Removal, cancellationToken);

    public async Task<InstalledRules> ShowAsync(CancellationToken cancellationToken)
    {
        var rules = await program.RunAsync(Program, ["list", "table", .. NftablesRules.Table.Split(' ')], "", cancellationToken).ConfigureAwait(false);
        if (!rules.IsOk)
        {
            return rules.Error.Contains("No such file or directory", StringComparison.Ordinal) ? InstalledRules.None : new(null, Mistake: Refusal(rules));
        }

        var counters = await program.RunAsync(Program, ["-j", "list", "counters", "table", .. NftablesRules.Table.Split(' ')], "", cancellationToken).ConfigureAwait(false);
        return counters.IsOk
            ? new(rules.Output, Count(counters.Output, NftablesRules.OutboundCounter), Count(counters.Output, NftablesRules.InboundCounter), Count(counters.Output, NftablesRules.OwnCounter))
            : new(null, Mistake: Refusal(counters));
    }

    /// <summary>The packets of one named counter, as <c>nft -j list counters</c> prints them; a nat chain sees the first packet of each connection.</summary>
    internal static long Count(string json, string name)
    {
        using var document = JsonDocument.Parse(json);
        foreach (var item in document.RootElement.GetProperty("nftables").EnumerateArray())
        {
            if (item.TryGetProperty("counter", out var counter) && counter.GetProperty("name").GetString() == name)
            {
                return counter.GetProperty("packets").GetInt64();
            }
        }

        return 0;
    }

    private async Task<string?> LoadAsync(string script, CancellationToken cancellationToken)
    {
        var result = await program.RunAsync(Program, ["-f", "-"], script, cancellationToken).ConfigureAwait(false);
        return result.IsOk ? null : Refusal(result);
    }

    private static string Refusal(ProgramResult result) =>
        result.Error.Contains("Operation not permitted", StringComparison.Ordinal)
            ? NetworkRights.Missing
            : $"the kernel did not take the rules ({result.FirstError}): it needs nf_tables with nat, redirect and fib; --with iptables asks for less";
}
