using System.Globalization;
using Pillion.Proxy.Configuration;

namespace Pillion.Rehearsing;

/// <summary>What is done with a request.</summary>
internal enum DecisionKind
{
    Forward,
    Redirect,
    Answer,
    NoRoute,

    /// <summary>A policy of the route refused it: only the route is compared.</summary>
    Refused,
}

/// <summary>What a configuration decides on a request, or a log says was decided. What is not known is empty, and differs from nothing.</summary>
/// <param name="Status">Of a redirect or an answer from the configuration; 0 where it is not known.</param>
/// <param name="Location">Where a redirect leads.</param>
internal readonly record struct Decision(DecisionKind Kind, string Route = "", string Cluster = "", int Status = 0, string Location = "")
{
    /// <summary>The line that says so; null for what a log says.</summary>
    public string? Source { get; init; }

    /// <summary>All that the route says; null for what a log says.</summary>
    public RouteConfig? Settings { get; init; }

    public bool DiffersFrom(in Decision other)
    {
        if (Kind == DecisionKind.Refused || other.Kind == DecisionKind.Refused)
        {
            // What a policy says of it today is not rehearsed; that no route is left for it is another decision.
            return Kind == DecisionKind.NoRoute || other.Kind == DecisionKind.NoRoute || Differ(Route, other.Route);
        }

        return Kind != other.Kind || Differ(Cluster, other.Cluster) || (Status != 0 && other.Status != 0 && Status != other.Status) || Differ(Location, other.Location) || Differ(Route, other.Route);
    }

    public override string ToString() => Kind switch
    {
        DecisionKind.Forward => $"cluster {Cluster}{(Route.Length > 0 ? $" by route {Route}" : "")}",
        DecisionKind.Redirect => $"redirect {Number(Status)}{(Location.Length > 0 ? $" to {Location}" : "")}{By}",
        DecisionKind.Answer => $"answer {Number(Status)} from the configuration{By}",
        DecisionKind.NoRoute => "no route, 404",
        _ => $"refused by a policy{By}",
    };

    private string By => Route.Length > 0 ? $" by route {Route}" : "";

    private static bool Differ(string a, string b) => a.Length > 0 && b.Length > 0 && a != b;

    private static string Number(int status) => status == 0 ? "" : status.ToString(CultureInfo.InvariantCulture);
}
