using System.Numerics;
using Pillion.Core.Configuration;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration.Balancing;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Routing.Hashing;

/// <summary>By what a route's requests are kept with an endpoint: the hashes of all that a request has of it, put together as Envoy does.</summary>
internal sealed class HashPolicies
{
    private readonly HashPolicy[] _policies;
    private readonly bool _givesCookies;

    private HashPolicies(HashPolicy[] policies)
    {
        _policies = policies;
        _givesCookies = policies.Any(policy => policy.Cookie is not null);
    }

    /// <summary>Null where there are none.</summary>
    public static HashPolicies? Compile(ValueList<HashPolicyConfig> policies) => policies.Count == 0 ? null : new([.. policies.Select(policy => new HashPolicy(policy))]);

    /// <summary>Hashes a request that is ready to be sent; one that has nothing of what is asked for gets no hash.</summary>
    public void Apply(Exchange exchange)
    {
        var wish = exchange.Wish;
        var hash = 0UL;
        var has = false;
        for (var i = 0; i < _policies.Length; i++)
        {
            if (_policies[i].TryHash(exchange, out var one) || TryGive(wish, exchange, i, out one))
            {
                // Turned, so that the same thing named twice does not cancel itself out.
                hash = BitOperations.RotateLeft(hash, 1) ^ one;
                has = true;
            }

            if (has && _policies[i].IsTerminal)
            {
                break;
            }
        }

        if (has)
        {
            wish.SetHash(hash);
        }
    }

    /// <summary>Gives the client the cookies that it did not have.</summary>
    public void Answer(Exchange exchange)
    {
        if (!_givesCookies || exchange.Wish.NewCookies == 0)
        {
            return;
        }

        Span<byte> value = stackalloc byte[16];
        exchange.Wish.CookieValue.TryFormat(value, out _, "x16", null);
        for (var i = 0; i < _policies.Length; i++)
        {
            if ((exchange.Wish.NewCookies >> i & 1) != 0)
            {
                _policies[i].Cookie!.Give(exchange.Response, value);
            }
        }
    }

    private bool TryGive(PickWish wish, Exchange exchange, int index, out ulong hash)
    {
        hash = 0;
        if (_policies[index].Cookie is null || index >= 32)
        {
            return false;
        }

        if (wish.NewCookies == 0)
        {
            wish.CookieValue = (ulong)exchange.Loop.Random.NextInt64(long.MinValue, long.MaxValue);
        }

        wish.NewCookies |= 1U << index;

        // What comes back is this text, and must hash to the same.
        hash = HashPolicy.Of(wish.CookieValue);
        return true;
    }
}
