namespace Pillion.Net.Tls;

/// <summary>A connection under TLS, or why there is none.</summary>
/// <param name="Cause">For the log, such as <c>the certificate expired 2026-01-01 00:00:00Z; spiffe://prod/orders</c>.</param>
internal readonly record struct TlsResult(TlsConnection? Connection, TlsRefusal Refusal, string? Cause);
