using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Signals.AccessLog;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>Asks by HTTP: the request's own method and path, without its body unless that is wanted. 200 allows, 5xx is no answer, all else denies (as in Envoy).</summary>
internal sealed class HttpAuthorization(ExternalAuthorizationConfig config, HttpAuthorizationConfig http)
{
    private readonly byte[] _prefix = Encoding.ASCII.GetBytes(http.PathPrefix);
    private readonly NameMatchers _asked = new(http.AllowedHeaders);
    private readonly (byte[] Name, HeaderTemplate Value)[] _added = [.. http.AddedHeaders.Select(header => (Encoding.ASCII.GetBytes(header.Name), new HeaderTemplate(header.Value)))];
    private readonly NameMatchers _upstream = new(http.UpstreamHeaders);
    private readonly NameMatchers _appended = new(http.AppendedHeaders);
    private readonly NameMatchers _client = new(http.ClientHeaders);
    private readonly NameMatchers _onSuccess = new(http.ClientHeadersOnSuccess);

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask AskAsync(Exchange exchange, AuthorizationCall call)
    {
        if (!exchange.Snapshot.Clusters.TryGetValue(config.Cluster, out var cluster))
        {
            call.Answer.Fail($"there is no cluster {config.Cluster}");
            return;
        }

        var head = RequestHeads.Rent();
        WriteHead(head, exchange, cluster.Config.Protocol == HttpProtocol.Http2 ? (byte)20 : (byte)11, call.BodyLength);
        await ClusterCall.AskAsync(exchange.Loop, cluster, head, call.SentBody, call.HttpAnswer, config.Timeout, exchange.Cancelled);
        RequestHeads.Return(head);
        Read(call);
    }

    private void WriteHead(RequestHead head, Exchange exchange, byte version, int body)
    {
        var request = exchange.Request;
        head.Version = version;
        head.SetMethod(request.Method, request.MethodName);
        head.IsHttps = request.IsHttps;
        head.SetAuthority(request.Authority);
        if (_prefix.Length == 0)
        {
            head.SetTarget(request.Target);
        }
        else
        {
            Span<byte> target = _prefix.Length + request.Target.Length <= 1024 ? stackalloc byte[1024] : new byte[_prefix.Length + request.Target.Length];
            _prefix.CopyTo(target);
            request.Target.CopyTo(target[_prefix.Length..]);
            head.SetTarget(target[..(_prefix.Length + request.Target.Length)]);
        }

        // A length of zero says that the body is not forgotten.
        head.Body = BodyKind.Length;
        head.ContentLength = body;
        head.Fields.Add(KnownField.Host, request.Authority);
        for (var i = 0; i < request.Fields.Count; i++)
        {
            if (request.Fields.IsPresent(i) && IsAsked(request.Fields, i))
            {
                head.Fields.Add(request.Fields.Known(i), request.Fields.Name(i), request.Fields.Value(i));
            }
        }

        foreach (var (name, value) in _added)
        {
            head.Fields.RemoveAll(name);
            var text = value.Format(new LogExchange(exchange.Record, request, null, null));
            if (!text.IsEmpty && text.IndexOfAny(HttpBytes.Controls) < 0)
            {
                head.Fields.Add(name, text);
            }
        }
    }

    private bool IsAsked(FieldList fields, int index) => fields.Known(index) switch
    {
        KnownField.Authorization => true,
        KnownField.Host or KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Connection or KnownField.KeepAlive or KnownField.ProxyConnection
            or KnownField.Upgrade or KnownField.TE or KnownField.Trailer or KnownField.Expect => false,
        _ => _asked.Match(fields.Name(index)),
    };

    private void Read(AuthorizationCall call)
    {
        var answer = call.Answer;
        answer.Clear();
        var came = call.HttpAnswer;
        if (came.Problem is { } problem || came.Head.Status >= 500)
        {
            answer.Fail(came.Problem ?? $"it answered with HTTP status {came.Head.Status}");
            return;
        }

        answer.Outcome = came.Head.Status == 200 ? AuthorizationOutcome.Allowed : AuthorizationOutcome.Denied;
        answer.Status = came.Head.Status;
        var fields = came.Head.Fields;
        if (answer.Outcome == AuthorizationOutcome.Denied)
        {
            answer.Body = came.Body.ToArray();
        }

        for (var i = 0; i < fields.Count; i++)
        {
            if (fields.IsPresent(i))
            {
                Take(answer, fields.Known(i), fields.Name(i), fields.Value(i));
            }
        }
    }

    private void Take(AuthorizationAnswer answer, KnownField known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (answer.Outcome == AuthorizationOutcome.Denied)
        {
            // How to do better is never kept back.
            var isTold = _client.IsEmpty || known == KnownField.Location || Ascii.EqualsIgnoreCase(name, "www-authenticate"u8) || _client.Match(name);
            if (isTold && known is not (KnownField.Date or KnownField.Server))
            {
                answer.AddToAnswer(name, value, known == KnownField.SetCookie ? HeaderAppend.Add : HeaderAppend.Set);
            }

            return;
        }

        if (_upstream.Match(name))
        {
            answer.AddToRequest(name, value, HeaderAppend.Set);
        }
        else if (_appended.Match(name))
        {
            answer.AddToRequest(name, value, HeaderAppend.Add);
        }

        if (_onSuccess.Match(name))
        {
            answer.AddToAnswer(name, value, known == KnownField.SetCookie ? HeaderAppend.Add : HeaderAppend.Set);
        }
    }
}
