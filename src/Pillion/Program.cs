using Microsoft.Extensions.Logging.Abstractions;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Net;
using Pillion.Net.Linux;
using Pillion.Proxy;
using Pillion.Proxy.Configuration;

var network = new EpollNetwork();
var loop = network.CreateLoop(0, TimeProvider.System);
var metrics = new MetricRegistry(1, TimeProvider.System);
var logs = new AccessLogs(1, metrics, NullLogger.Instance);
logs.Start();
var role = new ProxyRole(new ProxyContext { Network = network, Loops = [loop], Metrics = metrics, AccessLogs = logs, Records = new RequestRecords(TimeProvider.System), Resolver = null!, Time = TimeProvider.System, Random = new Random(1), Logger = NullLogger.Instance });
var config = new ProxyConfig
{
    Listeners = [new ListenerConfig { Name = "in", Address = new Address("127.0.0.1", 15006), Http = new HttpConfig { StatPrefix = "in", AccessLogs = [new AccessLogConfig { Path = "/tmp/access.log" }], Routes = new RouteTableConfig { VirtualHosts = [new VirtualHostConfig { Name = "v", Domains = ["*"], Routes = [new RouteConfig { Name = "r", Match = new RouteMatchConfig(), Action = new ForwardConfig { Cluster = "app" } }] }] } } }],
    Clusters = [new ClusterConfig { Name = "app", Endpoints = [new EndpointConfig { Address = new Address("127.0.0.1", 8080) }] }],
};
loop.Start();
var prepared = await role.PrepareAsync(config, default);
foreach (var mistake in prepared.Mistakes) { Console.Error.WriteLine(mistake); }
prepared.Commit();
loop.Join(Timeout.InfiniteTimeSpan);
return 0;
