using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Core.Signals.Tracing;
using Pillion.Net;

namespace Pillion.Core.Signals;

/// <summary>One try of a request at one endpoint.</summary>
internal struct Attempt
{
    /// <summary>The endpoint as text, shared with the endpoint's own object.</summary>
    public string Endpoint;

    /// <summary>Microseconds since the request began.</summary>
    public long StartMicros;

    public long DurationMicros;

    /// <summary>0 when no answer came.</summary>
    public int Status;

    public Failure Failure;

    public bool Reused;

    /// <summary>Its span, which the upstream was told; 0 where none is recorded.</summary>
    public ulong Span;
}

/// <summary>A policy's word on a request and the line that it came from.</summary>
internal readonly record struct Verdict(string Policy, string Outcome, SourceLine Source);

/// <summary>
/// Everything worth telling of one request, filled while it is served and kept in a bounded ring afterwards: the access log, the metrics
/// and <c>pillion explain</c> read only this. Records are reused; nothing in a record points into a connection's buffers.
/// </summary>
internal sealed class RequestRecord
{
    public const int MaxAttempts = 6;
    public const int MaxVerdicts = 12;

    // Nearly every request has one attempt and no verdict; thousands of records are kept, so more room is made only for those that need it.
    private Attempt[] _attempts = new Attempt[1];
    private Verdict[] _verdicts = [];

    public BoundedText Id { get; } = new(64);

    /// <summary>The W3C trace id in hex, or empty.</summary>
    public BoundedText TraceId { get; } = new(32);

    /// <summary>Where it stands in its trace.</summary>
    public TracePosition Trace;

    public BoundedText Method { get; } = new(16);

    public BoundedText Authority { get; } = new(96);

    /// <summary>The target as the client sent it, cut at 256 bytes.</summary>
    public BoundedText Target { get; } = new(256);

    /// <summary>Wall clock, UTC ticks, when the first byte of the head arrived.</summary>
    public long StartedUtcTicks { get; set; }

    public PeerAddress Downstream { get; set; }

    public PeerAddress DownstreamLocal { get; set; }

    /// <summary>Who the client proved to be: its SPIFFE id, else the first URI or the subject of its certificate; empty where it showed none.</summary>
    public string PeerIdentity { get; set; } = "";

    /// <summary>10, 11 or 20.</summary>
    public byte Version { get; set; }

    public string Listener { get; set; } = "";

    public string VirtualHost { get; set; } = "";

    public string Route { get; set; } = "";

    public SourceLine RouteSource { get; set; }

    public string Cluster { get; set; } = "";

    /// <summary>The endpoint whose answer was used, or the last one tried.</summary>
    public string UpstreamHost { get; set; } = "";

    /// <summary>The upstream is the application beside us (an inbound listener), so that a sentence can say so.</summary>
    public bool UpstreamIsApplication { get; set; }

    /// <summary>The status the client got; 0 when it left before one was sent.</summary>
    public int Status { get; set; }

    /// <summary>Pillion made the answer itself.</summary>
    public bool AnsweredLocally { get; set; }

    public ResponseFlags Flags { get; set; }

    public Failure Failure { get; set; }

    /// <summary>Envoy's response code details where a policy says them more closely than its kind of failure; null is the kind's.</summary>
    public string? Details { get; set; }

    /// <summary>Body bytes from the client.</summary>
    public long BytesReceived { get; set; }

    /// <summary>Body bytes to the client.</summary>
    public long BytesSent { get; set; }

    /// <summary>Microseconds from the first byte of the request to: its last byte, the first byte sent upstream, the first byte of the answer, the end.</summary>
    public long RequestReceivedMicros { get; set; } = -1;

    public long UpstreamStartedMicros { get; set; } = -1;

    public long UpstreamAnsweredMicros { get; set; } = -1;

    public long DurationMicros { get; set; } = -1;

    public int AttemptCount { get; private set; }

    public int VerdictCount { get; private set; }

    public ReadOnlySpan<Attempt> Attempts => _attempts.AsSpan(0, Math.Min(AttemptCount, MaxAttempts));

    public ReadOnlySpan<Verdict> Verdicts => _verdicts.AsSpan(0, VerdictCount);

    /// <summary>Opens a further attempt; beyond the room, attempts are counted and the last place is used again.</summary>
    public ref Attempt AddAttempt()
    {
        AttemptCount++;
        MakeRoomForAttempts();
        ref var attempt = ref _attempts[Math.Min(AttemptCount, MaxAttempts) - 1];
        attempt = default;
        return ref attempt;
    }

    public ref Attempt LastAttempt => ref AttemptAt(AttemptCount);

    /// <summary>By its number, from 1: several may be under way.</summary>
    public ref Attempt AttemptAt(int number) => ref _attempts[Math.Min(number, MaxAttempts) - 1];

    public void AddVerdict(string policy, string outcome, SourceLine source)
    {
        if (VerdictCount < MaxVerdicts)
        {
            VerdictCount++;
            MakeRoomForVerdicts();
            _verdicts[VerdictCount - 1] = new Verdict(policy, outcome, source);
        }
    }

    public void Clear()
    {
        Id.Clear();
        TraceId.Clear();
        Method.Clear();
        Authority.Clear();
        Target.Clear();
        Listener = VirtualHost = Route = Cluster = UpstreamHost = PeerIdentity = "";
        Trace = default;
        RouteSource = default;
        Downstream = DownstreamLocal = default;
        Status = 0;
        AnsweredLocally = UpstreamIsApplication = false;
        Flags = ResponseFlags.None;
        Failure = default;
        Details = null;
        BytesReceived = BytesSent = 0;
        RequestReceivedMicros = UpstreamStartedMicros = UpstreamAnsweredMicros = DurationMicros = -1;
        StartedUtcTicks = 0;
        Version = 0;
        AttemptCount = VerdictCount = 0;
    }

    /// <summary>Takes over everything of another record, so that it can be read after that one is used again.</summary>
    public void CopyFrom(RequestRecord other)
    {
        Id.Set(other.Id);
        TraceId.Set(other.TraceId);
        Trace = other.Trace;
        Method.Set(other.Method);
        Authority.Set(other.Authority);
        Target.Set(other.Target);
        StartedUtcTicks = other.StartedUtcTicks;
        Downstream = other.Downstream;
        DownstreamLocal = other.DownstreamLocal;
        PeerIdentity = other.PeerIdentity;
        Version = other.Version;
        Listener = other.Listener;
        VirtualHost = other.VirtualHost;
        Route = other.Route;
        RouteSource = other.RouteSource;
        Cluster = other.Cluster;
        UpstreamHost = other.UpstreamHost;
        UpstreamIsApplication = other.UpstreamIsApplication;
        Status = other.Status;
        AnsweredLocally = other.AnsweredLocally;
        Flags = other.Flags;
        Failure = other.Failure;
        Details = other.Details;
        BytesReceived = other.BytesReceived;
        BytesSent = other.BytesSent;
        RequestReceivedMicros = other.RequestReceivedMicros;
        UpstreamStartedMicros = other.UpstreamStartedMicros;
        UpstreamAnsweredMicros = other.UpstreamAnsweredMicros;
        DurationMicros = other.DurationMicros;
        AttemptCount = other.AttemptCount;
        VerdictCount = other.VerdictCount;
        MakeRoomForAttempts();
        MakeRoomForVerdicts();
        other.Attempts.CopyTo(_attempts);
        other.Verdicts.CopyTo(_verdicts);
    }

    private void MakeRoomForAttempts()
    {
        if (AttemptCount > _attempts.Length && _attempts.Length < MaxAttempts)
        {
            Array.Resize(ref _attempts, MaxAttempts);
        }
    }

    private void MakeRoomForVerdicts()
    {
        if (VerdictCount > _verdicts.Length)
        {
            Array.Resize(ref _verdicts, MaxVerdicts);
        }
    }
}
