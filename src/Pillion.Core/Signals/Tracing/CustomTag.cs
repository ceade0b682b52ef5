namespace Pillion.Core.Signals.Tracing;

/// <summary>An attribute that the configuration puts on every span of a listener (Envoy: custom_tags).</summary>
/// <param name="Literal">Its value; null where a header of the request has it.</param>
/// <param name="Header">The request's header; null for a literal.</param>
/// <param name="Default">What is written where the request has no such header; null writes nothing.</param>
internal sealed record CustomTag(string Name, string? Literal, string? Header, string? Default);
