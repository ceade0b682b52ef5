using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Authorization;

/// <summary>A policy with a mistake is refused as a whole, and says what would be right.</summary>
public sealed class RuleMistakeTests
{
    [Theory]
    [InlineData("authorization: {}", "inbound.authorization: has no rule; give deny, allow or both")]
    [InlineData("authorization: { allow: [] }", "inbound.authorization.allow: is empty; remove it to allow everything, or write 'deny: [{ any: true }]' to refuse everything")]
    [InlineData("authorization: { deny: [] }", "inbound.authorization.deny: is empty; remove it, or add a rule")]
    [InlineData("authorization: { allow: [{}] }", "inbound.authorization.allow[0]: has no condition, and would match every request or none; give a condition, or say any: true for every request")]
    [InlineData("authorization: { allow: [{ name: x }] }", "inbound.authorization.allow[0]: has no condition, and would match every request or none; give a condition, or say any: true for every request")]
    [InlineData("authorization: { allow: [{ any: true, methods: GET }] }", "inbound.authorization.allow[0].any: stands beside conditions, which narrow it; keep either any: true or the conditions")]
    [InlineData("authorization: { allow: [{ any: false }] }", "inbound.authorization.allow[0].any: says nothing; remove it, or say any: true")]
    [InlineData("authorization: { allow: [{ methods: [] }] }", "inbound.authorization.allow[0].methods: is empty, and nothing can be one of none; remove it, or name something")]
    [InlineData("authorization: { allow: [{ identities: example.org/ns/a/sa/b }] }", "'example.org/ns/a/sa/b' does not begin with spiffe://; use spiffe://trust-domain/path, spiffe://trust-domain/path/* or spiffe://trust-domain, */end or *")]
    [InlineData("authorization: { allow: [{ identities: 'spiffe://e.org/ns/*/sa/b' }] }", "has a path with other characters")]
    [InlineData("authorization: { allow: [{ namespaces: 'a*b' }] }", "'a*b' is not a name; use a name, beginning*, *end or *")]
    [InlineData("authorization: { allow: [{ paths: orders }] }", "'orders' is not a path; use /path, /path/* for it and what is below, /begin*, *end or *, without query")]
    [InlineData("authorization: { allow: [{ paths: '/a/*/b' }] }", "is not a path")]
    [InlineData("authorization: { allow: [{ hosts: 'a.example:80' }] }", "'a.example:80' is not a host; use a host name without port, *.suffix, prefix.* or *")]
    [InlineData("authorization: { allow: [{ ports: 9000-80 }] }", "'9000-80' is not a port; use 1-65535, or two with a hyphen such as 9000-9010")]
    [InlineData("authorization: { allow: [{ peers: 10.0.0.1/8 }] }", "'10.0.0.1/8' has bits behind its prefix; use 10.0.0.0/8 for the network, or 10.0.0.1 for the address")]
    [InlineData("authorization: { allow: [{ name: x, paths: /a }, { name: x, paths: /b }] }", "inbound.authorization.allow[1]: has the name of another rule, 'x'; give each its own name")]
    [InlineData("authorization: { allow: [{ identitys: spiffe://e.org }] }", "inbound.authorization.allow[0].identitys: 'identitys' is not a setting; did you mean 'identities'?")]
    [InlineData("authorization: { deny: [{ headers: { x: { regex: '(a' } } }] }", "not a regular expression")]
    public void A_mistake_says_what_would_be_right(string settings, string expected) => Assert.Contains(expected, PolicyText.NativeErrors(settings));
}
