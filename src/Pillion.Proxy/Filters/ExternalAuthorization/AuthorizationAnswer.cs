using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

internal enum AuthorizationOutcome : byte
{
    /// <summary>It could not be asked, or what it said means nothing.</summary>
    Failed,
    Allowed,
    Denied,
}

/// <summary>What a service said about one request, whichever way it was asked. Used again for the next one.</summary>
internal sealed class AuthorizationAnswer
{
    public AuthorizationOutcome Outcome { get; set; }

    /// <summary>Why it failed, in words.</summary>
    public string? Problem { get; set; }

    /// <summary>Of a denial.</summary>
    public int Status { get; set; }

    /// <summary>Of a denial.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>For the upstream, with what is to be done with each.</summary>
    public List<HeaderAppend> RequestAppends { get; } = [];

    public FieldList RequestFields { get; } = new();

    /// <summary>Names that are taken out of the request.</summary>
    public List<byte[]> Removed { get; } = [];

    /// <summary>For the client.</summary>
    public List<HeaderAppend> ClientAppends { get; } = [];

    public FieldList ClientFields { get; } = new();

    public void Clear()
    {
        Outcome = AuthorizationOutcome.Failed;
        Problem = null;
        Status = 0;
        Body = [];
        RequestAppends.Clear();
        RequestFields.Clear();
        Removed.Clear();
        ClientAppends.Clear();
        ClientFields.Clear();
    }

    public void Fail(string problem)
    {
        Clear();
        Problem = problem;
    }

    public void AddToRequest(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HeaderAppend append)
    {
        if (AnswerFields.MayBeSet(name, value))
        {
            RequestFields.Add(name, value);
            RequestAppends.Add(append);
        }
    }

    public void AddToAnswer(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HeaderAppend append)
    {
        if (AnswerFields.MayBeSet(name, value))
        {
            ClientFields.Add(name, value);
            ClientAppends.Add(append);
        }
    }

    public void Remove(ReadOnlySpan<byte> name)
    {
        if (AnswerFields.MayBeSet(name, default))
        {
            Removed.Add(name.ToArray());
        }
    }
}
