using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration;
using Pillion.Core.Lifecycle;
using Pillion.Core.Signals.Logging;
using Pillion.Core.Signals.Metrics;
using Pillion.Core.Signals.Records;
using Pillion.Explaining;
using Pillion.Tapping;
using Pillion.Watching;

namespace Pillion.Admin;

/// <summary>What the admin port answers, free of any transport. Reading is GET; what changes state is POST and needs the token.</summary>
internal sealed class AdminEndpoints
{
    private const int DefaultRequests = 50;
    private const int MostRequests = 1000;

    private readonly AdminSources _sources;
    private readonly AdminToken? _token;
    private readonly AdminEndpoint[] _all;

    public AdminEndpoints(AdminSources sources, AdminToken? token)
    {
        _sources = sources;
        _token = token;
        var explain = new ExplainPages(sources.Records);
        var tap = new TapPage(sources, token);
        var top = new TopPage(sources);
        _all =
        [
            Reading("/", "This page", _ => AdminPage.Html),
            Reading("/ready", "200 when traffic is welcome; else 503 and why not", Ready),
            Reading("/started", "200 once Pillion itself is up, whatever the application does: what `pillion wait` waits for", Started),
            Reading("/live", "200 while the process works", _ => AdminResponse.Text(200, "live")),
            Reading("/metrics", "Metrics for Prometheus; ?names=envoy for Envoy's names, ?all for those never used", Metrics),
            Reading("/stats", "Metrics as Envoy prints them; ?filter=TEXT, ?format=json, ?all", Stats),
            Reading("/config", "The configuration that runs, secrets left out, and what was wrong with a newer one", Config),
            Reading("/listeners", "Listeners with their addresses; ?format=json", Listeners),
            new("/clusters", "Clusters with their endpoints; ?format=json", false, (request, _, token) => ClustersAsync(request, token)),
            new("/requests", "The latest requests; ?count=N, ?failures", false, (request, _, token) => RequestsAsync(request, token)),
            new("/explain", "Everything about the newest failure: ?last_error; how a route's newest requests fared: ?route=NAME, ?count=N; ?format=json", false, (request, _, token) => explain.NewestAsync(request, token)),
            new("/explain/", "Everything about one request, by its request or trace id or the beginning of one; ?format=json", false, explain.OneAsync),
            Reading("/top", "What each route does, a line of JSON a second for as long as one reads: ?by=routes|clusters|peers, ?interval=TIME", top.Answer),
            Reading("/tap", "Requests as they come, secrets left out: ?route=, ?status=5xx, ?peer=, ?slower=TIME, …, ?limit=N, ?format=json; with the token ?header=NAME=VALUE and ?headers", tap.Answer),
            Reading("/mtls", "Who still comes in the clear where mutual TLS is permissive: what strict would refuse; ?format=json", Mtls),
            Reading("/logging", "The levels of Pillion's own log", _ => Levels()),
            Changing("/logging", "Changes levels: ?level=debug for all, ?listener=debug for one", SetLevels),
            Changing("/drain", "Readiness fails, inbound is announced closed, then takes nothing new; outbound stays open and the process lives", _ => Drain()),
            Changing("/quit", "As SIGTERM; a second time, at once", request => Stop("POST /quit")),
            Reading("/page.js", "", _ => AdminPage.Script),
            Reading("/page.css", "", _ => AdminPage.Style),
        ];
    }

    /// <summary>Every path with its summary, for the list at an unknown path and for the reference.</summary>
    public IEnumerable<AdminEndpoint> Listed => _all.Where(endpoint => endpoint.Summary.Length > 0);

    public async Task<AdminResponse> AnswerAsync(AdminRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsUnixSocket && !HostCheck.IsAllowed(request.Host, _sources.HostNames))
        {
            return AdminResponse.Text(403, "this name is not served here: ask for localhost or an IP address");
        }

        var here = Array.FindAll(_all, endpoint => Matches(endpoint.Path, request.Path));
        if (here.Length == 0)
        {
            return NotFound(request.Path);
        }

        var isRead = request.Method is "GET" or "HEAD";
        if (Array.Find(here, endpoint => endpoint.ChangesState ? request.Method == "POST" : isRead) is not { } endpoint)
        {
            var allowed = string.Join(", ", here.Select(endpoint => endpoint.ChangesState ? "POST" : "GET, HEAD"));
            return AdminResponse.Text(405, $"{request.Path} answers {allowed}").With("Allow", allowed);
        }

        if (endpoint.ChangesState && Refuse(request) is { } refusal)
        {
            return refusal;
        }

        return await endpoint.Answer(request, request.Path[endpoint.Path.Length..], cancellationToken).ConfigureAwait(false);
    }

    private AdminResponse? Refuse(AdminRequest request) =>
        _token is null ? AdminResponse.Text(403, "nothing can be changed here: the token file could not be written at the start")
        : request.BearerToken is null ? AdminResponse.Text(401, $"send the token: Authorization: Bearer $(cat {_token.Path})").With("WWW-Authenticate", "Bearer")
        : _token.Accepts(request.BearerToken) ? null
        : AdminResponse.Text(403, $"this is not the token; it is in {_token.Path} and new at every start");

    private AdminResponse Ready(AdminRequest request)
    {
        var lifecycle = _sources.Lifecycle;
        var reasons = lifecycle.Reasons().ToList();
        var status = lifecycle.IsReady ? 200 : 503;
        // A refused file does not take traffic away from a sidecar that runs well on the one before; it is shown all the same.
        var mistakes = _sources.Reload().Mistakes;
        if (request.WantsJson)
        {
            return AdminResponse.WriteJson(status, json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("ready", lifecycle.IsReady);
                json.WriteString("state", StateWord(lifecycle.State));
                json.WriteString("version", _sources.Version);
                json.WriteString("workload", _sources.Workload());
                Strings(json, "reasons", reasons);
                Strings(json, "refused_configuration", mistakes);
                json.WriteStartArray("conditions");
                foreach (var condition in lifecycle.Conditions)
                {
                    json.WriteStartObject();
                    json.WriteString("name", condition.Name);
                    json.WriteBoolean("met", condition.IsMet);
                    json.WriteString("reason", condition.Reason);
                    json.WriteString("detail", condition.Detail?.Invoke());
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
        }

        var text = new StringBuilder(lifecycle.IsReady ? "ready\n" : "not ready\n");
        reasons.ForEach(reason => text.Append(reason).Append('\n'));
        foreach (var condition in lifecycle.Conditions)
        {
            if (condition.IsMet && condition.Detail?.Invoke() is { } detail)
            {
                text.Append($"{condition.Name}: {detail}\n");
            }
        }

        if (mistakes.Count > 0)
        {
            text.Append("a newer configuration was refused:\n");
            text.AppendJoin('\n', mistakes);
        }

        return AdminResponse.Text(status, text.ToString());
    }

    private AdminResponse Mtls(AdminRequest request)
    {
        var permissive = _sources.PermissiveListeners();
        var peers = _sources.Plaintext();
        if (request.WantsJson)
        {
            return AdminResponse.WriteJson(200, json =>
            {
                json.WriteStartObject();
                Strings(json, "permissive", permissive);
                json.WriteStartArray("plaintext");
                foreach (var peer in peers)
                {
                    json.WriteStartObject();
                    json.WriteString("listener", peer.Listener);
                    json.WriteString("peer", peer.Peer);
                    json.WriteNumber("connections", peer.Connections);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
        }

        if (permissive.Count == 0)
        {
            return AdminResponse.Text(200, "no listener is permissive: strict would change nothing");
        }

        if (peers.Count == 0)
        {
            return AdminResponse.Text(200, $"nobody has come in the clear to {string.Join(", ", permissive)} since the start: strict would refuse nobody seen so far");
        }

        var text = new StringBuilder("strict would refuse:\n");
        foreach (var peer in peers)
        {
            text.Append(CultureInfo.InvariantCulture, $"{peer.Listener}: {peer.Peer}, {peer.Connections} connection{(peer.Connections == 1 ? "" : "s")} in the clear\n");
        }

        return AdminResponse.Text(200, text.ToString().TrimEnd('\n'));
    }

    private AdminResponse Started(AdminRequest request) =>
        _sources.Lifecycle.State is LifecycleState.Stopped || !_sources.Lifecycle.IsStarted
            ? AdminResponse.Text(503, "not started\n" + string.Join('\n', _sources.Lifecycle.Reasons()))
            : AdminResponse.Text(200, "started");

    private AdminResponse Metrics(AdminRequest request)
    {
        if (request.Parameter("names") is { } names && names is not ("envoy" or "pillion"))
        {
            return AdminResponse.Text(400, "names is 'pillion' or 'envoy'");
        }

        var naming = request.Parameter("names") == "envoy" ? MetricNaming.Envoy : MetricNaming.Pillion;
        var usedOnly = request.Parameter("all") is null;
        return MetricFormats.Choose(request.Accept) switch
        {
            MetricFormat.Protobuf => AdminResponse.WriteBytes(200, MetricProto.ContentType, output => MetricProto.Write(output, _sources.Metrics, naming, usedOnly)),

            // Envoy's names do not keep the rules of OpenMetrics.
            MetricFormat.OpenMetrics when naming == MetricNaming.Pillion => AdminResponse.WriteBytes(200, OpenMetricsText.ContentType, output => OpenMetricsText.Write(output, _sources.Metrics, usedOnly)),
            _ => AdminResponse.WriteBytes(200, MetricText.ContentType, output => MetricText.Write(output, _sources.Metrics, naming, usedOnly)),
        };
    }

    private AdminResponse Stats(AdminRequest request)
    {
        var usedOnly = request.Parameter("all") is null;
        var filter = request.Parameter("filter");
        return request.WantsJson
            ? AdminResponse.WriteBytes(200, AdminResponse.Json, output => StatsText.WriteJson(output, _sources.Metrics, usedOnly, filter))
            : AdminResponse.WriteBytes(200, AdminResponse.PlainText, output => StatsText.Write(output, _sources.Metrics, usedOnly, filter));
    }

    private AdminResponse Config(AdminRequest request)
    {
        var reload = _sources.Reload();
        return AdminResponse.WriteJson(200, json =>
        {
            json.WriteStartObject();
            json.WriteString("file", _sources.ConfigFile);
            Time(json, "running_since", reload.RunningSince);
            json.WriteNumber("taken", reload.Succeeded);
            json.WriteNumber("refused", reload.Failed);
            Time(json, "newest_refused_at", reload.RefusedAt);
            Strings(json, "newest_mistakes", reload.Mistakes);
            json.WritePropertyName("config");
            if (_sources.Config() is { } root)
            {
                Redaction.Write(json, root);
            }
            else
            {
                json.WriteNullValue();
            }

            json.WriteEndObject();
        });
    }

    private AdminResponse Listeners(AdminRequest request)
    {
        var listeners = _sources.Listeners();
        if (!request.WantsJson)
        {
            return AdminResponse.Text(200, string.Join('\n', listeners.Select(listener => $"{listener.Name}::{listener.Address} {listener.Direction} {listener.ActiveConnections} active")));
        }

        return AdminResponse.WriteJson(200, json =>
        {
            json.WriteStartArray();
            foreach (var listener in listeners)
            {
                json.WriteStartObject();
                json.WriteString("name", listener.Name);
                json.WriteString("address", listener.Address);
                json.WriteString("direction", listener.Direction);
                json.WriteNumber("active_connections", listener.ActiveConnections);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private async Task<AdminResponse> ClustersAsync(AdminRequest request, CancellationToken cancellationToken)
    {
        var clusters = await _sources.ClustersAsync(cancellationToken).ConfigureAwait(false);
        return request.WantsJson ? AdminResponse.WriteJson(200, json => ClusterText.Write(json, clusters)) : AdminResponse.Text(200, ClusterText.Text(clusters));
    }

    private async Task<AdminResponse> RequestsAsync(AdminRequest request, CancellationToken cancellationToken)
    {
        var count = DefaultRequests;
        if (request.Parameter("count") is { } text && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= MostRequests))
        {
            return AdminResponse.Text(400, $"count is a number from 1 to {MostRequests}");
        }

        var records = await _sources.Records.LatestAsync(count, request.Parameter("failures") is not null, cancellationToken).ConfigureAwait(false);
        return request.Parameter("format") == "text"
            ? AdminResponse.Text(200, string.Join('\n', records.Select(RecordText.Line)))
            : AdminResponse.WriteBytes(200, AdminResponse.Json, output => RecordJson.Write(output, records));
    }

    private AdminResponse Levels()
    {
        var text = new StringBuilder($"default: {LogLevels.Word(_sources.Levels.Default)}\n");
        foreach (var (category, level) in _sources.Levels.All())
        {
            text.Append(CultureInfo.InvariantCulture, $"{category}: {LogLevels.Word(level)}\n");
        }

        return AdminResponse.Text(200, text.ToString());
    }

    private AdminResponse SetLevels(AdminRequest request)
    {
        // Everything is read before anything is set: a mistake changes nothing.
        var changes = new List<(string Category, LogLevel Level)>();
        foreach (var pair in request.Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Uri.UnescapeDataString(pair.Split('=')[0]);
            var word = request.Parameter(name) ?? "";
            if (!LogLevels.TryRead(word, out var level))
            {
                return AdminResponse.Text(400, $"'{word}' is not a level; use {LogLevels.KnownWords}");
            }

            if (name != "level" && !_sources.Levels.All().Any(known => known.Category == name))
            {
                var nearest = NearestName.Of(name, _sources.Levels.All().Select(known => known.Category));
                return AdminResponse.Text(404, $"nothing logs as '{name}'" + (nearest is null ? "" : $"; did you mean '{nearest}'?"));
            }

            changes.Add((name, level));
        }

        if (changes.Count == 0)
        {
            return AdminResponse.Text(400, "say which level: POST /logging?level=debug, or ?listener=debug for one category");
        }

        // The default first: setting it takes back what categories were given.
        foreach (var (category, level) in changes.OrderBy(change => change.Category != "level"))
        {
            if (category == "level")
            {
                _sources.Levels.SetAll(level);
            }
            else
            {
                _sources.Levels.TrySet(category, level);
            }
        }

        return Levels();
    }

    private AdminResponse Stop(string reason) =>
        AdminResponse.Text(202, _sources.Lifecycle.RequestStop(new StopRequest(reason)) ? "stopping" : "stopping at once");

    private AdminResponse Drain() => AdminResponse.Text(202, _sources.Lifecycle.RequestDrain() ? "draining" : "draining already");

    private AdminResponse NotFound(string path)
    {
        var nearest = NearestName.Of(path, Listed.Select(endpoint => endpoint.Path));
        var list = string.Join('\n', Listed.Select(endpoint => $"  {(endpoint.ChangesState ? "POST" : "GET "),-5}{endpoint.Path,-12} {endpoint.Summary}"));
        return AdminResponse.Text(404, $"there is no such page{(nearest is null ? "" : $"; did you mean {nearest}?")}\n{list}");
    }

    internal static string StateWord(LifecycleState state) => state switch
    {
        LifecycleState.Starting => "starting",
        LifecycleState.Ready => "ready",
        LifecycleState.LameDuck => "lame duck",
        LifecycleState.Draining => "draining",
        _ => "stopped",
    };

    private static bool Matches(string pattern, string path) =>
        pattern.Length > 1 && pattern.EndsWith('/') ? path.StartsWith(pattern, StringComparison.Ordinal) : path == pattern;

    private static AdminEndpoint Reading(string path, string summary, Func<AdminRequest, AdminResponse> answer) =>
        new(path, summary, false, (request, _, _) => Task.FromResult(answer(request)));

    private static AdminEndpoint Changing(string path, string summary, Func<AdminRequest, AdminResponse> answer) =>
        new(path, summary, true, (request, _, _) => Task.FromResult(answer(request)));

    private static void Strings(System.Text.Json.Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void Time(System.Text.Json.Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known.UtcDateTime);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
