using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;

namespace Pillion.Tests.Support;

/// <summary>A client's request over HTTP/2 and what has come of it so far.</summary>
internal sealed class Http2Asked
{
    private readonly ProxyFixture _fixture;
    private readonly Http2ClientStream _stream;
    private readonly Pillion.Net.Http.HttpMethod _method;
    private readonly int _id;
    private readonly StringBuilder _body = new();
    private bool _isReleased;

    /// <summary>On the loop.</summary>
    public Http2Asked(ProxyFixture fixture, Http2ClientStream stream, RequestHead head, string? body, string? trailers, bool ends)
    {
        _fixture = fixture;
        _stream = stream;
        _method = head.Method;
        stream.WriteHead(head);
        _id = stream.Stream.Id;
        _ = SendAllAsync(body, trailers, ends);
        _ = ReceiveAsync();
    }

    public ResponseHead Response { get; } = new();

    public int Status => Response.Status;

    public List<int> Interims { get; } = [];

    public string Fields => Http2Call.Text(Response.Fields);

    public string Body => _body.ToString();

    public string Trailers { get; private set; } = "";

    /// <summary>The answer is whole.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The answer, or what was left of it, will not come.</summary>
    public bool IsFailed { get; private set; }

    public Http2Error? Reset { get; private set; }

    public bool WasRefused { get; private set; }

    public void Send(string text) => _fixture.OnLoop(() => _ = SendAsync(text));

    public void End(string? trailers = null) => _fixture.OnLoop(() =>
    {
        _ = _stream.FinishAsync(Trailing(trailers));
        if (IsComplete)
        {
            Release();
        }
    });

    /// <summary>Bytes that are no HTTP, from here on.</summary>
    public void Tunnel() => _fixture.OnLoop(() =>
    {
        _stream.BeginTunnel();
        _ = ReceiveBodyAsync();
    });

    public void Cancel(Http2Error code = Http2Error.Cancel) => _fixture.OnLoop(() =>
    {
        _stream.Abort(reset: true, code);
        Release();
    });

    private async Task SendAllAsync(string? body, string? trailers, bool ends)
    {
        if (!string.IsNullOrEmpty(body))
        {
            await SendAsync(body);
        }

        if (ends)
        {
            await _stream.FinishAsync(Trailing(trailers));
        }
        else
        {
            await _stream.FlushAsync();
        }
    }

    private async Task SendAsync(string text)
    {
        var slab = _fixture.Loop.Slabs.Rent(text.Length);
        slab.TryAppend(Encoding.Latin1.GetBytes(text));
        await _stream.SendBodyAsync(slab, text.Length);
        _fixture.Loop.Slabs.Return(slab);
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            var head = await _stream.ReceiveHeadAsync(Response, _method);
            if (head.Outcome != HeadOutcome.Received)
            {
                Failed();
                return;
            }

            if (Response.Status >= 200 || Response.Status == 101)
            {
                break;
            }

            Interims.Add(Response.Status);
        }

        if (Response.Status != 101 && !(_method == Pillion.Net.Http.HttpMethod.Connect && Response.Status < 300))
        {
            await ReceiveBodyAsync();
        }
    }

    private async Task ReceiveBodyAsync()
    {
        while (true)
        {
            var part = await _stream.ReceiveBodyAsync();
            switch (part.Event)
            {
                case BodyEvent.Data:
                    _body.Append(Encoding.Latin1.GetString(part.Slab!.Filled[..part.Count]));
                    part.Slab.Consume(part.Count);
                    break;
                case BodyEvent.End:
                    Trailers = Http2Call.Text(_stream.Trailers);
                    IsComplete = true;
                    _fixture.Loop.Post(Settle);
                    return;
                default:
                    Failed();
                    return;
            }
        }

        // A reset that follows the answer (RFC 9113 §8.1) comes with it.
        void Settle()
        {
            if (!_isReleased)
            {
                Reset = _stream.PeerReset;
                if (_stream.Stream.IsLocalEnded || Reset is not null)
                {
                    Release();
                }
            }
        }
    }

    private void Failed()
    {
        IsFailed = true;
        Reset = _stream.PeerReset;
        WasRefused = _stream.WasRefused;
        Release();
    }

    private void Release()
    {
        if (!_isReleased && _stream.Stream.Id == _id)
        {
            _isReleased = true;
            _stream.Release();
        }
    }

    private static FieldList? Trailing(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var fields = new FieldList();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            fields.Add(Encoding.ASCII.GetBytes(line[..colon]), Encoding.Latin1.GetBytes(line[(colon + 2)..]));
        }

        return fields;
    }
}
