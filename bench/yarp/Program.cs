using Microsoft.AspNetCore.HttpLogging;
using Yarp.ReverseProxy.Configuration;

// YARP's smallest host: one route, one destination, ASP.NET's own access log (W3C, buffered) to a file.
// arguments: listening port, upstream port, log directory
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls($"http://127.0.0.1:{args[0]}");
builder.Services.AddW3CLogging(logging =>
{
    logging.LogDirectory = args[2];
    logging.FileName = "yarp.access.";
    logging.FileSizeLimit = null;
    // Its queue holds 1,024 lines and makes requests wait when full; at the default of one second it would cap the rate at that.
    logging.FlushInterval = TimeSpan.FromMilliseconds(10);
    logging.LoggingFields = W3CLoggingFields.Date | W3CLoggingFields.Time | W3CLoggingFields.ClientIpAddress | W3CLoggingFields.Method
        | W3CLoggingFields.UriStem | W3CLoggingFields.ProtocolStatus | W3CLoggingFields.TimeTaken | W3CLoggingFields.UserAgent;
});
builder.Services.AddReverseProxy().LoadFromMemory(
    [new RouteConfig { RouteId = "all", ClusterId = "app", Match = new RouteMatch { Path = "{**rest}" } }],
    [
        new ClusterConfig
        {
            ClusterId = "app",
            Destinations = new Dictionary<string, DestinationConfig> { ["app"] = new() { Address = $"http://127.0.0.1:{args[1]}" } },
        },
    ]);
var app = builder.Build();
app.UseW3CLogging();
app.MapReverseProxy();
app.Run();
