using Pillion.Proxy.Configuration;
using Pillion.Tests.ArchitectureTests;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Proxy.Configuration;

/// <summary>What the samples of limits, outlier detection and health checks mean, in both formats.</summary>
public sealed class ResilienceTests
{
    [Fact]
    public void Limits_are_those_of_the_service_and_those_of_high_priority_are_as_many_unless_said()
    {
        var config = Sample("circuit-breaking.yaml");
        var payments = Cluster(config, "payments");
        Assert.Equal((100, 50, 100, 60), (payments.DefaultCircuits.MaxConnections.Most, payments.DefaultCircuits.MaxPending.Most, payments.DefaultCircuits.MaxRequests.Most, payments.DefaultCircuits.MaxConnectionsPerEndpoint.Most));
        Assert.Equal((20, 50, 100), (payments.HighCircuits.MaxConnections.Most, payments.HighCircuits.MaxPending.Most, payments.HighCircuits.MaxRequests.Most));
        Assert.Equal(TimeSpan.FromSeconds(1), payments.DefaultCircuits.QueueTimeout);
        Assert.Equal("outbound.services.payments.limits.max_connections", payments.DefaultCircuits.MaxConnections.Source.Path);
        Assert.True(payments.DefaultCircuits.TrackRemaining);
        Assert.Null(payments.DefaultCircuits.MaxRetries);
        Assert.Equal(5, Cluster(config, "search").DefaultCircuits.MaxRetries);
        Assert.Equal((200, 1024), (Cluster(config, "app").DefaultCircuits.MaxRequests.Most, Cluster(config, "app").DefaultCircuits.MaxConnections.Most));
        var routes = config.Listeners[1].Http!.Routes.VirtualHosts[0].Routes;
        Assert.Equal([RoutePriority.High, RoutePriority.Default, RoutePriority.Default, RoutePriority.Default], routes.Select(route => Assert.IsType<ForwardConfig>(route.Action).Priority));
        Assert.Equal([0, 1, 0, 0], routes.Select(route => route.Filters.Count));
    }

    [Fact]
    public void An_envoy_cluster_has_envoy_s_limits_and_a_budget_replaces_the_number_of_retries()
    {
        var config = Sample("envoy-resilience.yaml");
        var payments = Cluster(config, "payments");
        Assert.Equal(
            new CircuitBreakerConfig
            {
                MaxConnections = new(100), MaxPending = new(50), MaxRequests = new(100), MaxConnectionsPerEndpoint = new(60),
                RetryBudgetPercent = 20, MinRetryConcurrency = 3, TrackRemaining = true,
            },
            payments.DefaultCircuits);
        Assert.Equal((20, 1024, 5, TimeSpan.Zero), (payments.HighCircuits.MaxConnections.Most, payments.HighCircuits.MaxPending.Most, payments.HighCircuits.MaxRetries, payments.HighCircuits.QueueTimeout));
        Assert.Equal(3, Cluster(config, "cache").DefaultCircuits.MaxRetries);
        Assert.Equal([RoutePriority.High, RoutePriority.Default], config.Listeners[0].Http!.Routes.VirtualHosts[0].Routes.Select(route => Assert.IsType<ForwardConfig>(route.Action).Priority));
    }

    [Fact]
    public void Outlier_detection_is_off_unless_asked_for_and_has_envoy_s_numbers_and_a_probe()
    {
        var config = Sample("outlier-detection.yaml");
        Assert.Equal(new OutlierConfig { Probe = true }, Cluster(config, "orders").Outliers);
        Assert.Equal(new OutlierConfig(), Cluster(config, "legacy").Outliers);
        var stock = Cluster(config, "stock").Outliers!;
        Assert.Equal([100, 100, 100, 0, 100, 100, 0], stock.Enforced);
        Assert.Equal((3, 2, true, 50.0, 1900), (stock.Consecutive5xx, stock.ConsecutiveLocalOriginFailure, stock.SplitLocalOrigin, stock.MaxEjectionPercent, stock.SuccessRateFactor));
        Assert.Null(Cluster(Sample("minimal.yaml"), "app").Outliers);

        var envoy = Cluster(Sample("envoy-resilience.yaml"), "payments").Outliers!;
        Assert.Equal([100, 100, 100, 100, 100, 0, 0], envoy.Enforced);
        Assert.Equal((3, 3, false, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(120)), (envoy.Consecutive5xx, envoy.ConsecutiveGatewayFailure, envoy.Probe, envoy.BaseEjectionTime, envoy.MaxEjectionTime));
    }

    [Fact]
    public void Health_checks_ask_by_HTTP_and_by_bytes()
    {
        var config = Sample("health-checks.yaml");
        Assert.Equal(new HealthCheckConfig { Kind = HealthCheckKind.Http, Path = "/healthz", IntervalJitterPercent = 10 }, Assert.Single(Cluster(config, "orders").HealthChecks));
        var stock = Assert.Single(Cluster(config, "stock").HealthChecks);
        Assert.Equal([new StatusRange(200, 200), new StatusRange(204, 204)], stock.ExpectedStatuses);
        Assert.Equal([new StatusRange(500, 599)], stock.RetriableStatuses);
        Assert.Equal(("/status?deep=1", "HEAD", "stock.internal"), (stock.Path, stock.Method, stock.Authority));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)), (stock.UnhealthyInterval, stock.NoTrafficInterval));
        var cache = Assert.Single(Cluster(config, "cache").HealthChecks);
        Assert.Equal((HealthCheckKind.Tcp, "50494E470D0A", "2B504F4E47"), (cache.Kind, cache.Send, Assert.Single(cache.Receive)));

        var envoy = Sample("envoy-resilience.yaml");
        var payments = Assert.Single(Cluster(envoy, "payments").HealthChecks);
        Assert.Equal([new StatusRange(200, 299)], payments.ExpectedStatuses);
        Assert.Equal(new HealthCheckHeader("x-checked-by", "pillion"), Assert.Single(payments.Headers));
        Assert.Equal(("50494E470D0A", "2B504F4E47"), (Cluster(envoy, "cache").HealthChecks[0].Send, Cluster(envoy, "cache").HealthChecks[0].Receive[0]));
    }

    private static ClusterConfig Cluster(ProxyConfig config, string name) => config.Clusters.Single(cluster => cluster.Name == name);

    private static ProxyConfig Sample(string name) => Given.Config(File.ReadAllText(Repository.PathOf("samples/" + name))).Proxy;
}
