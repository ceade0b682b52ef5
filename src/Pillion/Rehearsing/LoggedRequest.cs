namespace Pillion.Rehearsing;

/// <summary>One request as an access log remembers it; used again for each line.</summary>
internal sealed class LoggedRequest
{
    public string Method { get; set; } = "";

    public string Authority { get; set; } = "";

    /// <summary>Path and query.</summary>
    public string Target { get; set; } = "";

    public int Status { get; set; }

    /// <summary>Empty where the log does not say.</summary>
    public string Listener { get; set; } = "";

    public string Route { get; set; } = "";

    public string Cluster { get; set; } = "";

    /// <summary>The words of Pillion's own log: pillion, upstream, application, nobody; empty in others.</summary>
    public string AnsweredBy { get; set; } = "";

    /// <summary>Pillion's kind of failure.</summary>
    public string Failure { get; set; } = "";

    /// <summary>Envoy's short flags.</summary>
    public string Flags { get; set; } = "";

    /// <summary>Envoy's details.</summary>
    public string Details { get; set; } = "";

    /// <summary>Null where the request had none, or the log does not hold it: see <see cref="IsOurs"/>.</summary>
    public string? UserAgent { get; set; }

    public string? ForwardedFor { get; set; }

    /// <summary>Pillion's own JSON, which says all that it knows: a header that it would have written was not there.</summary>
    public bool IsOurs { get; set; }

    public bool HasFlag(string flag) => Flags.Split(',').Contains(flag);

    public void Clear()
    {
        Method = Authority = Target = Listener = Route = Cluster = AnsweredBy = Failure = Flags = Details = "";
        Status = 0;
        UserAgent = ForwardedFor = null;
        IsOurs = false;
    }
}
