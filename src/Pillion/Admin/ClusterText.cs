using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pillion.Admin;

/// <summary>Clusters as <c>/clusters</c> prints them: Envoy's <c>cluster::endpoint::name::value</c> lines, or JSON.</summary>
internal static class ClusterText
{
    public static string Text(IEnumerable<ClusterView> clusters)
    {
        var text = new StringBuilder();
        foreach (var cluster in clusters)
        {
            Line(text, $"{cluster.Name}::discovery::{cluster.Discovery}");
            Line(text, $"{cluster.Name}::balancer::{cluster.Balancer}");
            if (cluster.Problem is { } problem)
            {
                Line(text, $"{cluster.Name}::problem::{problem}");
            }

            foreach (var endpoint in cluster.Endpoints)
            {
                var name = $"{cluster.Name}::{endpoint.Address}";
                Line(text, $"{name}::health_flags::{(endpoint.IsHealthy ? "healthy" : "/failed")}");
                Line(text, $"{name}::weight::{endpoint.Weight}");
                Line(text, $"{name}::rq_active::{endpoint.ActiveRequests}");
            }
        }

        return text.ToString();
    }

    public static void Write(Utf8JsonWriter json, IEnumerable<ClusterView> clusters)
    {
        json.WriteStartArray();
        foreach (var cluster in clusters)
        {
            json.WriteStartObject();
            json.WriteString("name", cluster.Name);
            json.WriteString("discovery", cluster.Discovery);
            json.WriteString("balancer", cluster.Balancer);
            json.WriteString("problem", cluster.Problem);
            json.WriteStartArray("endpoints");
            foreach (var endpoint in cluster.Endpoints)
            {
                json.WriteStartObject();
                json.WriteString("address", endpoint.Address);
                json.WriteNumber("weight", endpoint.Weight);
                json.WriteBoolean("healthy", endpoint.IsHealthy);
                json.WriteNumber("active_requests", endpoint.ActiveRequests);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
