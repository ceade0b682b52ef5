using System.Net;
using Pillion.Proxy.Clusters.Dns;
using Pillion.Proxy.Configuration;

namespace Pillion.Tests.Proxy.Clusters.Dns;

/// <summary>Answers from a table, at once or when told to.</summary>
internal sealed class FakeResolver : INameResolver
{
    private readonly Lock _lock = new();

    public Dictionary<string, NameAnswer> Answers { get; } = [];

    public List<string> Asked { get; } = [];

    /// <summary>Lookups wait for this when it is set.</summary>
    public Task? Gate { get; set; }

    public void Set(string name, params string[] addresses) => Answers[name] = NameAnswer.Of([.. addresses.Select(IPAddress.Parse)]);

    public void Set(string name, TimeSpan timeToLive, params string[] addresses) => Answers[name] = NameAnswer.Of([.. addresses.Select(IPAddress.Parse)], timeToLive);

    public async Task<NameAnswer> ResolveAsync(string name, DnsFamily family, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Asked.Add(name);
        }

        if (Gate is { } gate)
        {
            await gate.WaitAsync(cancellationToken);
        }

        return Answers.TryGetValue(name, out var answer) ? answer : NameAnswer.Failed("no such name");
    }
}
