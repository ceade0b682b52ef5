using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Xunit;

namespace Pillion.Tests.Core.Resilience;

public sealed class FailureTableTests
{
    // RFC 9209 §2.3, as registered.
    private static readonly string[] ErrorTypes =
    [
        "dns_timeout", "dns_error", "destination_not_found", "destination_unavailable", "destination_ip_prohibited", "destination_ip_unroutable",
        "connection_refused", "connection_terminated", "connection_timeout", "connection_read_timeout", "connection_write_timeout",
        "connection_limit_reached", "tls_protocol_error", "tls_certificate_error", "tls_alert_received", "http_request_error", "http_request_denied",
        "http_response_incomplete", "http_response_header_section_size", "http_response_header_size", "http_response_body_size",
        "http_response_trailer_section_size", "http_response_trailer_size", "http_response_transfer_coding", "http_response_content_coding",
        "http_response_timeout", "http_upgrade_failed", "http_protocol_error", "proxy_internal_response", "proxy_internal_error",
        "proxy_configuration_error", "proxy_loop_detected",
    ];

    [Fact]
    public void Every_kind_of_failure_has_its_row()
    {
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            var row = FailureTable.For(kind);
            Assert.Equal(kind, row.Kind);
            Assert.InRange(row.GrpcStatus, 0, 16);
            Assert.NotEmpty(row.Details);
            if (kind is FailureKind.None)
            {
                continue;
            }

            Assert.NotEqual(ResponseFlags.None, row.Flags);
            if (row.Status == 0)
            {
                Assert.Equal(FailureKind.ClientGone, kind);
                continue;
            }

            Assert.InRange(row.Status, 400, 599);
            Assert.Contains(row.ProxyError, ErrorTypes);
        }
    }

    [Fact]
    public void An_idle_client_gets_408_and_an_idle_upstream_504()
    {
        Assert.Equal(408, FailureTable.For(new Failure(FailureSide.Downstream, FailureKind.IdleTimeout)).Status);
        Assert.Equal(504, FailureTable.For(new Failure(FailureSide.Upstream, FailureKind.IdleTimeout)).Status);
    }

    [Fact]
    public void Kinds_are_words_in_snake_case() => Assert.Equal("per_try_timeout", FailureWords.Of(FailureKind.PerTryTimeout));
}
