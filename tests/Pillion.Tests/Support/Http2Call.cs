using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Tests.Support;

/// <summary>One request at an upstream that speaks HTTP/2, and what the test does with it. Each step drives the loop until nothing is left to do.</summary>
internal sealed class Http2Call : IClientWatcher
{
    private readonly ProxyFixture _fixture;
    private readonly Http2ServerStream _stream;
    private readonly StringBuilder _body = new();

    /// <summary>On the loop.</summary>
    public Http2Call(ProxyFixture fixture, Http2ServerStream stream)
    {
        _fixture = fixture;
        _stream = stream;
        Id = stream.Stream.Id;
        var request = stream.Request;
        Head = $"{Encoding.Latin1.GetString(request.MethodName)} {Encoding.Latin1.GetString(request.Authority)} {Encoding.Latin1.GetString(request.Target)}\n{Text(request.Fields)}";
        WantsUpgrade = request.WantsUpgrade;
        stream.ClientWatcher = this;
    }

    public int Id { get; }

    /// <summary>Method, authority, target; then the fields, a line each.</summary>
    public string Head { get; }

    public bool WantsUpgrade { get; }

    /// <summary>The body so far, once it is being read.</summary>
    public string Body => _body.ToString();

    /// <summary>The request's body came to its end.</summary>
    public bool IsComplete { get; private set; }

    public string Trailers { get; private set; } = "";

    /// <summary>The proxy cancelled it.</summary>
    public bool IsCancelled { get; private set; }

    public Http2Error? Reset { get; private set; }

    public static string Text(FieldList fields)
    {
        var text = new StringBuilder();
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields.IsPresent(i))
            {
                text.Append(Encoding.Latin1.GetString(fields.Name(i))).Append(": ").Append(Encoding.Latin1.GetString(fields.Value(i))).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Reads the body from now on.</summary>
    public Http2Call Read()
    {
        if (EventLoop.Current is null)
        {
            _fixture.OnLoop(() => _ = ReadAsync());
        }
        else
        {
            _ = ReadAsync();
        }

        return this;
    }

    /// <summary>Answers in full.</summary>
    public void Answer(int status = 200, string body = "ok", string? trailers = null, params (string Name, string Value)[] fields) =>
        _fixture.OnLoop(() => _ = AnswerAsync(status, body, trailers, fields));

    public async Task AnswerAsync(int status = 200, string body = "ok", string? trailers = null, params (string Name, string Value)[] fields)
    {
        WriteHead(status, body.Length == 0 ? BodyKind.None : BodyKind.Chunked, fields);
        await SendAsync(body);
        await EndAsync(trailers);
    }

    /// <summary>The head alone.</summary>
    public void Begin(int status = 200, params (string Name, string Value)[] fields) => _fixture.OnLoop(() =>
    {
        WriteHead(status, BodyKind.Chunked, fields);
        _ = _stream.FlushAsync();
    });

    public void Interim(int status) => _fixture.OnLoop(() => _ = _stream.SendInterimAsync(new ResponseHead { Status = status }));

    public void Send(string text) => _fixture.OnLoop(() => _ = SendAsync(text));

    public void Tunnel() => _fixture.OnLoop(_stream.BeginTunnel);

    public void End(string? trailers = null, bool complete = true) => _fixture.OnLoop(() => _ = EndAsync(trailers, complete));

    public void Abort(Http2Error code) => _fixture.OnLoop(() => AbortNow(code));

    /// <summary>As <see cref="Abort"/>, for code that is on the loop already.</summary>
    public void AbortNow(Http2Error code)
    {
        _stream.Abort(reset: true, code);
        _stream.Complete();
    }

    public void Complete() => _fixture.OnLoop(_stream.Complete);

    void IClientWatcher.ClientLeft(bool isReset)
    {
        IsCancelled = true;
        Reset = _stream.PeerReset;
        _fixture.Loop.Post(() =>
        {
            if (_stream.Stream.Id == Id)
            {
                _stream.Complete();
            }
        });
    }

    private void WriteHead(int status, BodyKind body, (string Name, string Value)[] fields)
    {
        var head = new ResponseHead { Status = status, Body = body };
        foreach (var (name, value) in fields)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(name), Encoding.Latin1.GetBytes(value));
        }

        _stream.WriteHead(head, close: false);
    }

    private async Task SendAsync(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        var slab = EventLoop.Current!.Slabs.Rent(text.Length);
        slab.TryAppend(Encoding.Latin1.GetBytes(text));
        await _stream.SendBodyAsync(slab, text.Length);
        _fixture.Loop.Slabs.Return(slab);
    }

    private async Task EndAsync(string? trailers, bool complete = true)
    {
        await _stream.FinishAsync(Fields(trailers));
        if (complete && _stream.Stream.Id == Id)
        {
            _stream.Complete();
        }
    }

    private static FieldList? Fields(string? text)
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

    private async Task ReadAsync()
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
                    IsComplete = true;
                    Trailers = Text(_stream.Trailers);
                    return;
                default:
                    return;
            }
        }
    }
}
