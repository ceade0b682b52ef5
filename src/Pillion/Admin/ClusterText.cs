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

            foreach (var priority in cluster.Priorities)
            {
                Line(text, $"{cluster.Name}::priority::{priority.Priority}::load_percent::{priority.Load}");
                Line(text, $"{cluster.Name}::priority::{priority.Priority}::panic::{(priority.InPanic ? "true" : "false")}");
            }

            foreach (var endpoint in cluster.Endpoints)
            {
                var name = $"{cluster.Name}::{endpoint.Address}";
                Line(text, $"{name}::health_flags::{(endpoint.IsHealthy ? "healthy" : "/failed")}");
                Line(text, $"{name}::weight::{endpoint.Weight}");
                Line(text, $"{name}::rq_active::{endpoint.ActiveRequests}");
                Line(text, $"{name}::priority::{endpoint.Priority}");
                if (endpoint.Locality.Length > 0)
                {
                    Line(text, $"{name}::locality::{endpoint.Locality}");
                }

                if (endpoint.Labels.Length > 0)
                {
                    Line(text, $"{name}::labels::{endpoint.Labels}");
                }

                if (endpoint.Places is { } places)
                {
                    Line(text, $"{name}::hash_places::{places}");
                }
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
            json.WriteStartArray("priorities");
            foreach (var priority in cluster.Priorities)
            {
                json.WriteStartObject();
                json.WriteNumber("priority", priority.Priority);
                json.WriteNumber("load_percent", priority.Load);
                json.WriteBoolean("panic", priority.InPanic);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("endpoints");
            foreach (var endpoint in cluster.Endpoints)
            {
                json.WriteStartObject();
                json.WriteString("address", endpoint.Address);
                json.WriteNumber("weight", endpoint.Weight);
                json.WriteBoolean("healthy", endpoint.IsHealthy);
                json.WriteNumber("active_requests", endpoint.ActiveRequests);
                json.WriteNumber("priority", endpoint.Priority);
                json.WriteString("locality", endpoint.Locality);
                json.WriteString("labels", endpoint.Labels);
                if (endpoint.Places is { } places)
                {
                    json.WriteNumber("hash_places", places);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
