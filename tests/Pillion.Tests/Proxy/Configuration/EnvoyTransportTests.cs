using System.Net;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

public sealed class EnvoyTransportTests
{
    private const string Certificate = "tls_certificates: [{ certificate_chain: { filename: /c.pem }, private_key: { filename: /c.key } }]";

    [Fact]
    public void The_tls_of_a_chain_is_all_that_the_file_says_of_it()
    {
        var listener = Sample("envoy-tls.yaml").Listeners[0];

        var tls = listener.Chains[0].Tls!;
        Assert.Equal(
            new DownstreamTlsConfig
            {
                Certificates = [new CertificateConfig { Chain = "certs/orders/cert.pem", Key = "certs/orders/key.pem" }],
                ClientCertificates = ClientCertificates.Required,
                Trust = new()
                {
                    Authorities = "certs/orders/bundle.pem",
                    Names = [new NameMatchConfig(NameType.Uri, NameComparison.Prefix, "spiffe://example.org/")],
                },
                ApplicationProtocols = ["h2", "http/1.1"],
                CipherSuites = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
                Groups = ["X25519", "P-256"],
                HandshakeTimeout = TimeSpan.FromSeconds(5),
            },
            tls);
        Assert.Null(listener.Chains[1].Tls);
        Assert.Equal(
            new ClientCertificateForwarding { Mode = ForwardClientCert.SanitizeSet, Subject = true, Uri = true, Dns = true },
            listener.Http!.ClientCertificate);
    }

    [Fact]
    public void The_tls_of_a_cluster_is_all_that_the_file_says_of_it() =>
        Assert.Equal(
            new UpstreamTlsConfig
            {
                Certificate = new() { Chain = "certs/payments/cert.pem", Key = "certs/payments/key.pem" },
                ServerName = "orders",
                Trust = new()
                {
                    Authorities = "certs/payments/bundle.pem",
                    Names = [new NameMatchConfig(NameType.Uri, NameComparison.Exact, "spiffe://example.org/ns/default/sa/orders")],
                },
            },
            Sample("envoy-tls.yaml").Clusters[0].Tls);

    [Theory]
    [InlineData("", nameof(ClientCertificates.None))]
    [InlineData("validation_context: {}", nameof(ClientCertificates.None))]
    [InlineData("validation_context: { trusted_ca: { filename: /ca.pem } }", nameof(ClientCertificates.Optional))]
    [InlineData("combined_validation_context: { default_validation_context: { trusted_ca: { filename: /ca.pem } } }", nameof(ClientCertificates.Optional))]
    [InlineData("validation_context: { trusted_ca: { filename: /ca.pem }, match_subject_alt_names: [{ suffix: .example }] }", nameof(ClientCertificates.Required))]
    public void Whether_a_client_must_show_a_certificate_follows_as_in_envoy(string validation, string expected)
    {
        var tls = Downstream($"common_tls_context: {{ {Certificate}{(validation.Length > 0 ? ", " : "")}{validation} }}");

        Assert.Equal(expected, tls.ClientCertificates.ToString());
        Assert.Equal(tls.ClientCertificates == ClientCertificates.None, tls.Trust is null);
    }

    [Fact]
    public void A_fingerprint_is_read_in_either_of_its_forms()
    {
        var hash = string.Concat(Enumerable.Repeat("AB", 32));
        var colons = string.Join(":", Enumerable.Repeat("cd", 32));

        var tls = Downstream($"common_tls_context: {{ {Certificate}, validation_context: {{ trusted_ca: {{ filename: /ca.pem }}, verify_certificate_hash: ['{hash}', '{colons}'] }} }}");

        Assert.Equal([hash.ToLowerInvariant(), string.Concat(Enumerable.Repeat("cd", 32))], tls.Trust!.Hashes);
    }

    [Fact]
    public void Suites_of_equal_preference_come_in_their_order() =>
        Assert.Equal(
            ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "AES128-SHA"],
            Downstream($"common_tls_context: {{ {Certificate}, tls_params: {{ cipher_suites: ['[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]', AES128-SHA] }} }}").CipherSuites);

    [Fact]
    public void Secrets_may_stand_in_the_file_or_in_the_environment()
    {
        const string pem = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        var text = Listener(Tls("common_tls_context: { tls_certificates: [{ certificate_chain: { environment_variable: CHAIN }, private_key: { inline_bytes: LS0tLS1CRUdJTiBLRVktLS0tLQ== }, ocsp_staple: { inline_bytes: AQID } }] }"));

        var (config, errors) = PillionConfig.Parse(text, "envoy.yaml", name => name == "CHAIN" ? pem : null);

        Assert.Empty(errors);
        var certificate = Assert.Single(config!.Proxy.Listeners[0].Chains[0].Tls!.Certificates);
        Assert.Equal(SecretPart.Inline(pem), certificate.Chain);
        Assert.Equal(SecretPart.Inline("-----BEGIN KEY-----"), certificate.Key);
        Assert.Equal(SecretPart.InlineBase64("AQID"), certificate.OcspStaple);
        Assert.DoesNotContain("BEGIN", certificate.Key.ToString());
    }

    [Fact]
    public void No_message_shows_a_secret()
    {
        var text = Listener(Tls("common_tls_context: { tls_certificates: [{ certificate_chain: { inline_string: hunter2 }, private_key: { inline_bytes: aHVudGVyMg==, filename: /a } }] }"));

        var errors = Given.Errors(text);

        Assert.Contains("is not PEM text", errors);
        Assert.DoesNotContain("hunter2", errors);
        Assert.DoesNotContain("aHVudGVyMg", errors);
    }

    [Fact]
    public void Where_a_session_is_not_to_be_resumed_it_is_not()
    {
        Assert.False(Downstream($"disable_stateless_session_resumption: true, common_tls_context: {{ {Certificate} }}").Resumption);
        Assert.False(Upstream("max_session_keys: 0").Resumption);
        Assert.True(Upstream("sni: a").Resumption);
    }

    [Fact]
    public void The_name_of_an_endpoint_is_asked_for_and_verified()
    {
        var tls = Upstream("sni: other, auto_host_sni: true, auto_sni_san_validation: true, common_tls_context: { validation_context: { system_root_certs: {} } }");

        Assert.Equal((null, true, true), (tls.ServerName, tls.VerifyServerName, tls.Trust!.UseSystem));
    }

    [Fact]
    public void The_fields_of_before_the_transport_socket_verify_its_name_too()
    {
        var cluster = Cluster("upstream_http_protocol_options: { auto_san_validation: true }, " + UpstreamSocket("sni: a, common_tls_context: { validation_context: { trusted_ca: { filename: /ca.pem } } }"));

        Assert.True(cluster.Tls!.VerifyServerName);
    }

    [Fact]
    public void A_socket_may_be_wrapped_in_a_proxy_header()
    {
        var cluster = Cluster("transport_socket: { name: envoy.transport_sockets.upstream_proxy_protocol, typed_config: { config: { version: V2 }, " + UpstreamSocket("sni: a") + " } }");

        Assert.Equal((ProxyHeaderVersion.V2, "a"), (cluster.ProxyHeader, cluster.Tls!.ServerName));
    }

    [Fact]
    public void What_chains_match_has_the_hello_looked_at_without_being_told()
    {
        var config = Sample("envoy-tcp.yaml");

        var (database, tls, outbound) = (config.Listeners[0], config.Listeners[1], config.Listeners[2]);
        Assert.Equal(new DetectionConfig { Timeout = TimeSpan.FromSeconds(15), ContinueOnTimeout = false }, database.Detection);
        Assert.Equal(200, database.MaxConnections);
        Assert.True(tls.Detection.Tls);
        Assert.Equal(
            new FilterChainMatchConfig { ServerNames = ["a.example"], SourceRanges = [new IPNetwork(IPAddress.Parse("10.0.0.0"), 8)] },
            tls.Chains[0].Match);
        Assert.Equal(
            new ProxyHeaderConfig { From = [new IPNetwork(IPAddress.Any, 0), new IPNetwork(IPAddress.IPv6Any, 0)], Optional = true, AllowV1 = false },
            tls.ProxyHeader);
        Assert.True(outbound.OriginalDestination);
        Assert.Equal(["0", "default"], outbound.AllChains.Select(chain => chain.Name));
        Assert.Equal(5432, outbound.Chains[0].Match.DestinationPort);
        Assert.Equal("passthrough", outbound.DefaultChain!.Tcp!.Clusters[0].Cluster);
    }

    [Theory]
    [InlineData("transport_protocol: tls", true, false)]
    [InlineData("transport_protocol: tls, application_protocols: [h2]", true, false)]
    [InlineData("application_protocols: [h2c, http/1.1]", true, true)]
    [InlineData("destination_port: 80", false, false)]
    public void Only_what_decides_is_looked_at(string match, bool hello, bool http)
    {
        var detection = Given.Config(Listener("", $"filter_chain_match: {{ {match} }},")).Proxy.Listeners[0].Detection;

        Assert.Equal((hello, http), (detection.Tls, detection.Http));
    }

    [Fact]
    public void Bits_behind_a_prefix_do_not_matter_as_in_envoy() =>
        Assert.Equal(
            [new IPNetwork(IPAddress.Parse("10.0.0.0"), 8), new IPNetwork(IPAddress.Parse("fd00::"), 16), new IPNetwork(IPAddress.Any, 0)],
            Given.Config(Listener("", "filter_chain_match: { prefix_ranges: [{ address_prefix: 10.1.2.3, prefix_len: 8 }, { address_prefix: 'fd00::1', prefix_len: 16 }, { address_prefix: 0.0.0.0 }] },")).Proxy.Listeners[0].Chains[0].Match.DestinationRanges);

    [Fact]
    public void Shares_of_several_clusters_are_their_weights()
    {
        var tcp = Sample("envoy-tcp.yaml").Listeners[0].Chains[0].Tcp!;

        Assert.Equal([("database", 9), ("replica", 1)], tcp.Clusters.Select(cluster => (cluster.Cluster, cluster.Weight)));
        Assert.Equal((TimeSpan.FromHours(1), 2, 1), (tcp.IdleTimeout, tcp.MaxConnectAttempts, tcp.AccessLogs.Count));
    }

    private static ProxyConfig Sample(string name) => Given.Config(File.ReadAllText(Repository.PathOf("samples/" + name))).Proxy;

    private static DownstreamTlsConfig Downstream(string context) => Given.Config(Listener(Tls(context))).Proxy.Listeners[0].Chains[0].Tls!;

    private static UpstreamTlsConfig Upstream(string context) => Cluster(UpstreamSocket(context)).Tls!;

    private static ClusterConfig Cluster(string settings) =>
        Given.Config($"static_resources: {{ clusters: [{{ name: c, {settings}, load_assignment: {{ endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: 80 }} }} }} }}] }}] }} }}] }}\n").Proxy.Clusters[0];

    private static string Tls(string context) => $"transport_socket: {{ name: envoy.transport_sockets.tls, typed_config: {{ {context} }} }},";

    private static string UpstreamSocket(string context) => $"transport_socket: {{ name: envoy.transport_sockets.tls, typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, {context} }} }}";

    private static string Listener(string socket, string match = "") => $$"""
        static_resources:
          listeners:
          - address: { socket_address: { address: 0.0.0.0, port_value: 15001 } }
            filter_chains: [{ {{match}} {{socket}} filters: [{ name: envoy.filters.network.tcp_proxy, typed_config: { stat_prefix: t, cluster: c } }] }]
          clusters: [{ name: c, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED }]

        """;
}
