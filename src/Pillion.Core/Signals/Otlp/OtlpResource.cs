using System.Text;
using Pillion.Core.Protobuf;

namespace Pillion.Core.Signals.Otlp;

/// <summary>Who we are to a collector (semantic conventions: service, host, telemetry.sdk), and the frame around a batch of any signal.</summary>
internal sealed class OtlpResource
{
    private static readonly string Version = typeof(OtlpResource).Assembly.GetName().Version?.ToString(3) ?? "0";

    private readonly byte[] _resource;
    private readonly byte[] _scope;

    public OtlpResource(OtlpConfig config, string instance)
    {
        var writer = new ProtoWriter();

        // What the user wrote stands in place of what we would say.
        foreach (var (name, value) in new (string, string)[]
        {
            ("service.name", config.ServiceName), ("service.instance.id", instance), ("host.name", Environment.MachineName),
            ("telemetry.sdk.name", "pillion"), ("telemetry.sdk.language", "dotnet"), ("telemetry.sdk.version", Version),
        })
        {
            if (!config.Resource.Any(own => own.Key == name))
            {
                OtlpAttributes.Text(writer, 1, name, value);
            }
        }

        foreach (var (name, value) in config.Resource)
        {
            OtlpAttributes.Text(writer, 1, name, value);
        }

        _resource = writer.Written.ToArray();
        writer.Clear();
        writer.Text(1, "pillion");
        writer.Text(2, Version);
        _scope = writer.Written.ToArray();
    }

    /// <summary>Begins an Export…ServiceRequest { Resource… = 1 { resource = 1, Scope… = 2 { scope = 1, items = 2 } } }: the items follow.</summary>
    public (int Outer, int Inner) Begin(ProtoWriter writer)
    {
        writer.Clear();
        var outer = writer.Begin(1);
        writer.BytesAlways(1, _resource);
        var inner = writer.Begin(2);
        writer.BytesAlways(1, _scope);
        return (outer, inner);
    }

    public static void End(ProtoWriter writer, (int Outer, int Inner) at)
    {
        writer.End(at.Inner);
        writer.End(at.Outer);
    }
}
