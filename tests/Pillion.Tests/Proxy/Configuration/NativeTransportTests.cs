using System.Net;
using Pillion.Core.Identity;
using Pillion.Core.Identity.Secrets;
using Pillion.Net;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

public sealed class NativeTransportTests
{
    private const string App = "app: { address: 127.0.0.1:8080 }\n";
    private const string Identity = "identity: ./certs/orders\n";

    [Theory]
    [InlineData(App, "http")]
    [InlineData(App + Identity, "mtls plain")]
    [InlineData(App + Identity + "inbound: { mtls: permissive }\n", "mtls plain")]
    [InlineData(App + Identity + "inbound: { mtls: strict }\n", "mtls")]
    [InlineData(App + Identity + "inbound: { mtls: off }\n", "http")]
    [InlineData(App + Identity + "inbound: { tls: { certificate: a.pem, key: a.key } }\n", "tls")]
    public void Mutual_tls_is_permissive_where_there_is_an_identity(string text, string chains) =>
        Assert.Equal(chains, string.Join(" ", Inbound(text).Chains.Select(chain => chain.Name)));

    [Fact]
    public void Permissive_takes_peers_and_counts_who_comes_in_the_clear()
    {
        var inbound = Inbound(App + Identity + "inbound: { allow: [spiffe://example.org/ns/default/sa/web, spiffe://partner.org/*] }\n");

        var (mtls, plain) = (inbound.Chains[0], inbound.Chains[1]);
        Assert.Equal(
            new DownstreamTlsConfig
            {
                UseIdentity = true,
                ClientCertificates = ClientCertificates.Required,
                Trust = new() { UseIdentity = true, Identities = ["spiffe://example.org/ns/default/sa/web", "spiffe://partner.org/*"] },
            },
            mtls.Tls);
        Assert.Equal((true, false), (mtls.Match.IsTls, mtls.CountsPlaintext));
        Assert.Equal((null, false, true), (plain.Tls, plain.Match.IsTls, plain.CountsPlaintext));
        Assert.Equal(mtls.Http, plain.Http);
        Assert.True(inbound.Detection.Tls);
    }

    [Fact]
    public void The_application_is_told_who_called_only_by_us()
    {
        var forwarding = Inbound(App).Http!.ClientCertificate;

        Assert.Equal(new ClientCertificateForwarding { Mode = ForwardClientCert.AppendForward, Subject = true, Uri = true, Dns = true }, forwarding);
        Assert.Equal(new ClientCertificateForwarding(), Given.Config(App).Proxy.Listeners[1].Http!.ClientCertificate);
    }

    [Theory]
    [InlineData("", true, false, nameof(HttpProtocol.Auto))]
    [InlineData("protocol: http", true, false, nameof(HttpProtocol.Auto))]
    [InlineData("protocol: http1", true, false, nameof(HttpProtocol.Http1))]
    [InlineData("protocol: http2", true, false, nameof(HttpProtocol.Http2))]
    [InlineData("protocol: auto", true, true, nameof(HttpProtocol.Auto))]
    [InlineData("protocol: tcp", false, true, "")]
    [InlineData("original_destination: true", true, true, nameof(HttpProtocol.Auto))]
    [InlineData("original_destination: true, routes: [{ prefix: /a, respond: 404 }]", true, false, nameof(HttpProtocol.Auto))]
    public void Bytes_pass_by_the_routes_only_where_nobody_relies_on_them(string inbound, bool http, bool bytes, string codec)
    {
        var listener = Inbound(App + $"inbound: {{ {inbound} }}\n");

        var chain = listener.Chains[0];
        Assert.Equal((http, bytes), (chain.Http is not null, chain.Tcp is not null));
        Assert.Equal(codec, chain.Http?.Codec.ToString() ?? "");
        Assert.Equal(http && bytes, listener.Detection.Http);
    }

    [Theory]
    [InlineData("127.0.0.1:8080", nameof(HttpProtocol.Http1))]
    [InlineData("{ address: 127.0.0.1:8080, protocol: http2 }", nameof(HttpProtocol.Http2))]
    [InlineData("{ address: 127.0.0.1:8080, protocol: same }", nameof(HttpProtocol.AsDownstream))]
    public void The_application_is_spoken_to_as_it_says(string app, string expected) =>
        Assert.Equal(expected, Given.Config($"app: {app}\n").Proxy.Clusters[0].Protocol.ToString());

    [Fact]
    public void Tls_for_callers_without_a_sidecar_has_certificates_of_its_own()
    {
        var tls = Given.Config(File.ReadAllText(Repository.PathOf("samples/tls-server.yaml"))).Proxy.Listeners[0].Chains[0].Tls!;

        Assert.False(tls.UseIdentity);
        Assert.Equal(["certs/orders/cert.pem", "certs/payments/cert.pem"], tls.Certificates.Select(certificate => certificate.Chain.File!));
        Assert.Equal((ClientCertificates.Optional, "certs/orders/bundle.pem"), (tls.ClientCertificates, tls.Trust!.Authorities!.File));
    }

    [Fact]
    public void Authorities_alone_require_a_certificate() =>
        Assert.Equal(ClientCertificates.Required, Inbound(App + "inbound: { tls: { certificate: a, key: b, authorities: c } }\n").Chains[0].Tls!.ClientCertificates);

    [Fact]
    public void A_service_is_told_from_others_by_its_identity()
    {
        var services = Given.Config(File.ReadAllText(Repository.PathOf("samples/mtls-web.yaml"))).Proxy.Clusters;

        Assert.Equal(
            new UpstreamTlsConfig { UseIdentity = true, Trust = new() { UseIdentity = true, Identities = ["spiffe://example.org/ns/default/sa/orders"] } },
            services[0].Tls);
        Assert.Equal(HttpProtocol.Http2, services[0].Protocol);
        Assert.Equal(new UpstreamTlsConfig { Trust = new() { UseSystem = true }, VerifyServerName = true }, services[1].Tls);
        Assert.Equal(
            new UpstreamTlsConfig
            {
                ServerName = "legacy.internal",
                VerifyServerName = true,
                Trust = new() { Authorities = "./certs/web/bundle.pem" },
                Certificate = new() { Chain = "./certs/web/cert.pem", Key = "./certs/web/key.pem" },
                MinVersion = 13,
            },
            services[2].Tls);
    }

    [Theory]
    [InlineData("tls: { names: [a.example, 'spiffe://example.org/x', 10.0.0.1] }")]
    [InlineData("tls: { fingerprints: '0011223344556677889900112233445566778899001122334455667788990011' }")]
    public void What_is_said_of_a_certificate_stands_in_place_of_the_name(string tls)
    {
        var read = Service($"endpoints: 10.0.0.1:443, {tls}").Tls!;

        Assert.False(read.VerifyServerName);
        Assert.True(read.Trust!.Names.Count == 3 || read.Trust.Hashes.Count == 1);
    }

    [Fact]
    public void A_name_shows_of_what_kind_it_is() =>
        Assert.Equal(
            [NameType.Dns, NameType.Uri, NameType.IpAddress, NameType.IpAddress],
            Service("endpoints: 10.0.0.1:443, tls: { names: [A.example, 'spiffe://example.org/x', 10.0.0.1, '::1'] }").Tls!.Trust!.Names.Select(name => name.Kind));

    [Theory]
    [InlineData("10.0.0.0/8", 1)]
    [InlineData("[10.0.0.0/8, 192.168.1.1, 'fd00::/8']", 3)]
    [InlineData("{ from: 10.1.2.3 }", 1)]
    public void A_load_balancer_is_believed_by_its_address(string header, int networks)
    {
        var read = Inbound(App + $"inbound: {{ proxy_header: {header} }}\n").ProxyHeader!;

        Assert.Equal((networks, false, true, true), (read.From.Count, read.Optional, read.AllowV1, read.AllowV2));
    }

    [Fact]
    public void Nobody_is_believed_who_was_not_named() => Assert.Null(Inbound(App).ProxyHeader);

    [Fact]
    public void A_service_of_bytes_has_a_port_of_its_own()
    {
        var config = Given.Config(File.ReadAllText(Repository.PathOf("samples/tcp.yaml"))).Proxy;

        var database = config.Listeners.Single(listener => listener.Name == "outbound.database");
        Assert.Equal(new Address("127.0.0.1", 5432), database.Address);
        var tcp = Assert.Single(database.Chains).Tcp!;
        Assert.Equal(("database", 3, TimeSpan.FromDays(1)), (tcp.Clusters[0].Cluster, tcp.MaxConnectAttempts, tcp.MaxDuration));
        Assert.Equal(new DetectionConfig(), database.Detection);
        var web = config.Listeners.Single(listener => listener.Name == "outbound.legacy-web").Http!;
        Assert.Equal(["*"], Assert.Single(web.Routes.VirtualHosts).Domains);
        Assert.False(web.ForwardProxy);
    }

    [Fact]
    public void A_service_of_bytes_is_found_by_the_name_in_a_hello()
    {
        var outbound = Given.Config(File.ReadAllText(Repository.PathOf("samples/tcp.yaml"))).Proxy.Listeners.Single(listener => listener.Name == "outbound");

        Assert.Equal(["http", "vault tls"], outbound.Chains.Select(chain => chain.Name));
        Assert.Equal(new FilterChainMatchConfig { ServerNames = ["vault.example", "*.vault.example"] }, outbound.Chains[1].Match);
        Assert.True(outbound.Detection.Tls);
        Assert.DoesNotContain(outbound.Http!.Routes.VirtualHosts, host => host.Name == "vault");
    }

    [Fact]
    public void Redirected_connections_are_told_apart_by_where_they_wanted_to_go()
    {
        var config = Given.Config(File.ReadAllText(Repository.PathOf("samples/redirected.yaml"))).Proxy;

        var (inbound, outbound) = (config.Listeners[0], config.Listeners[1]);
        Assert.Equal(
            "mtls:15006>app plain:15006>app mtls:8080>app plain:8080>app mtls:9090>app:9090 plain:9090>app:9090 mtls:5432>app:5432 plain:5432>app:5432 mtls:other>original_destination plain:other>original_destination",
            string.Join(" ", inbound.Chains.Select(chain => $"{chain.Name}>{chain.Tcp?.Clusters[0].Cluster ?? Rest(chain)}")));
        Assert.Equal([8080, 9090, 5432], config.Clusters.Where(cluster => cluster.Name.StartsWith("app")).Select(cluster => cluster.Endpoints[0].Address.Port).OrderByDescending(port => port == 8080).ThenByDescending(port => port));
        Assert.Equal(["http", "database to:5432"], outbound.Chains.Select(chain => chain.Name));
        Assert.Equal(15001, outbound.Chains[0].Match.DestinationPort);
        Assert.Equal(
            new FilterChainMatchConfig { DestinationPort = 5432, DestinationRanges = [new IPNetwork(IPAddress.Parse("10.0.0.5"), 32), new IPNetwork(IPAddress.Parse("10.0.0.6"), 32)] },
            outbound.Chains[1].Match);
        Assert.Equal("original_destination", outbound.DefaultChain!.Tcp!.Clusters[0].Cluster);
        Assert.Null(outbound.DefaultChain.Http!.ServicePathPrefix);
        Assert.Equal("original_destination", Assert.IsType<ForwardConfig>(outbound.DefaultChain.Http.Routes.VirtualHosts[^1].Routes[^1].Action).Cluster);
        Assert.True(inbound.OriginalDestination && outbound.OriginalDestination);
        Assert.Single(config.Clusters, cluster => cluster.Discovery == ClusterDiscovery.OriginalDestination);

        static string Rest(FilterChainConfig chain) => Assert.IsType<ForwardConfig>(chain.Http!.Routes.VirtualHosts[0].Routes[^1].Action).Cluster;
    }

    [Fact]
    public void What_is_refused_when_asked_for_is_refused_when_redirected()
    {
        var outbound = Given.Config("outbound: { original_destination: true, unknown_hosts: refuse }\n").Proxy.Listeners[0];

        Assert.Null(outbound.DefaultChain!.Tcp);
        Assert.IsType<DirectResponseConfig>(outbound.DefaultChain.Http!.Routes.VirtualHosts[^1].Routes[^1].Action);
    }

    [Fact]
    public void A_grpc_service_is_asked_for_its_health_and_keeps_the_client_s_deadline()
    {
        var config = Given.Config(File.ReadAllText(Repository.PathOf("samples/grpc.yaml"))).Proxy;

        var inventory = config.Clusters.Single(cluster => cluster.Name == "inventory");
        Assert.Equal(new HealthCheckConfig { GrpcService = "inventory.v1.Inventory", Interval = TimeSpan.FromSeconds(5), IntervalJitterPercent = 10 }, Assert.Single(inventory.HealthChecks));
        Assert.Equal((HttpProtocol.Http2, 200), (inventory.Protocol, inventory.Http2.MaxConcurrentStreams));
        var forward = Assert.IsType<ForwardConfig>(config.Listeners[1].Http!.Routes.VirtualHosts[0].Routes[^1].Action);
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.Zero), (forward.GrpcTimeoutMax, forward.Timeout));
        Assert.Equal(RetryOn.GrpcUnavailable | RetryOn.GrpcResourceExhausted | RetryOn.ConnectFailure, forward.Retry!.On);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("grpc_timeout: 0s", 0)]
    [InlineData("grpc_timeout: 1m", 60)]
    [InlineData("grpc_timeout: off", null)]
    public void A_route_inherits_how_the_client_s_deadline_is_taken(string service, int? seconds)
    {
        var host = Given.Config($"outbound: {{ services: {{ a: {{ endpoints: 10.0.0.1:80, routes: [{{ prefix: /x }}, {{ prefix: /y, grpc_timeout: 2s }}]{(service.Length > 0 ? ", " : "")}{service} }} }} }}\n").Proxy.Listeners[0].Http!.Routes.VirtualHosts[0];

        Assert.Equal(seconds, (int?)Assert.IsType<ForwardConfig>(host.Routes[0].Action).GrpcTimeoutMax?.TotalSeconds);
        Assert.Equal(TimeSpan.FromSeconds(2), Assert.IsType<ForwardConfig>(host.Routes[1].Action).GrpcTimeoutMax);
    }

    [Theory]
    [InlineData("capture: { inbound_ports: [8080] }", true, true)]
    [InlineData("capture: {}", false, true)]
    [InlineData("capture: { outbound_port: 0, inbound_ports: all }", true, false)]
    [InlineData("", false, false)]
    public void What_capture_redirects_is_known_by_where_it_wanted_to_go(string capture, bool inbound, bool outbound)
    {
        var listeners = Given.Config(App + capture + "\n").Proxy.Listeners;

        Assert.Equal((inbound, outbound), (listeners[0].OriginalDestination, listeners[1].OriginalDestination));
    }

    [Theory]
    [InlineData("pillion.yaml", "certs/a.pem", "certs/a.pem")]
    [InlineData("/etc/pillion/pillion.yaml", "certs/a.pem", "/etc/pillion/certs/a.pem")]
    [InlineData("conf/pillion.yaml", "/run/a.pem", "/run/a.pem")]
    [InlineData("/dev/stdin", "certs/a.pem", "certs/a.pem")]
    public void A_relative_path_is_relative_to_the_configuration_file(string file, string written, string expected)
    {
        var config = Given.Config($"identity: {{ certificate: '{written}', key: k, bundle: b }}\napp: 127.0.0.1:80\ninbound: {{ tls: {{ certificate: '{written}', key: k }} }}\n", file);

        Assert.Equal(expected, config.Identity!.Certificate);
        Assert.Equal(expected, config.Proxy.Listeners[0].Chains[0].Tls!.Certificates[0].Chain.File);
    }

    private static ListenerConfig Inbound(string text) => Given.Config(text).Proxy.Listeners[0];

    private static ClusterConfig Service(string text) => Given.Config($"outbound: {{ services: {{ a: {{ {text} }} }} }}\n").Proxy.Clusters[0];
}
