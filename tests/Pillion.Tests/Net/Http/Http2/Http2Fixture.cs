using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>
/// One hand-driven loop with both ends of a memory connection: our server, our client, or a scripted peer in the place of either. Its end is a
/// test of its own: everything must have been given back.
/// </summary>
internal sealed class Http2Fixture : IDisposable, IHttp2Requests, IHttp2Upstream
{
    private readonly MemoryNetwork _network = new();
    private readonly List<Exception> _failures = [];
    private bool _isOver;

    public Http2Fixture(
        Http2Settings? server = null, Http2Settings? client = null, HttpRules? rules = null, int capacity = MemoryNetwork.DefaultCapacity, int bytesPerReceive = 0)
    {
        Loop = _network.CreateLoop(0, Clock);
        Loop.Unhandled = _failures.Add;
        ServerSettings = server ?? Http2Settings.Default;
        ClientSettings = client ?? Http2Settings.Default;
        Rules = rules ?? HttpRules.Default;
        (ClientSocket, ServerSocket) = MemoryConnection.Pair(Loop, Loop, capacity);
        ClientSocket.MaxBytesPerReceive = ServerSocket.MaxBytesPerReceive = bytesPerReceive;
    }

    public ManualTimeProvider Clock { get; } = new();

    public EventLoop Loop { get; }

    public Http2Settings ServerSettings { get; }

    public Http2Settings ClientSettings { get; }

    public HttpRules Rules { get; }

    public MemoryConnection ClientSocket { get; }

    public MemoryConnection ServerSocket { get; }

    public Http2ServerConnection Server { get; private set; } = null!;

    public Http2ClientConnection Client { get; private set; } = null!;

    /// <summary>What serves a request, from its head on; the stream is completed behind it.</summary>
    public Func<Http2ServerStream, Task> App { get; set; } = AnswerHelloAsync;

    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How the served connection ended; null while it goes on.</summary>
    public Http2End? End { get; private set; }

    public IoError? ClientClosed { get; private set; }

    public int GoingAwayTold { get; private set; }

    public int Released { get; private set; }

    public int Arrived { get; private set; }

    public static async Task AnswerHelloAsync(Http2ServerStream stream)
    {
        await ReadAllAsync(stream);
        var response = new ResponseHead { Status = 200, Body = BodyKind.Length, ContentLength = 5 };
        stream.WriteHead(response, close: false);
        await SendAsync(stream, "hello");
        await stream.FinishAsync(null);
    }

    public static async Task<string> ReadAllAsync(HttpStream stream)
    {
        var text = new StringBuilder();
        while (true)
        {
            var part = await stream.ReceiveBodyAsync();
            switch (part.Event)
            {
                case BodyEvent.Data:
                    text.Append(Encoding.Latin1.GetString(part.Slab!.Filled[..part.Count]));
                    part.Slab.Consume(part.Count);
                    break;
                case BodyEvent.End:
                    return text.ToString();
                default:
                    return $"{text}!{part.Error}/{part.Violation}";
            }
        }
    }

    public static async Task<IoResult> SendAsync(HttpStream stream, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var slab = EventLoop.Current!.Slabs.Rent(bytes.Length);
        slab.TryAppend(bytes);
        var result = await stream.SendBodyAsync(slab, bytes.Length);
        Assert.True(slab.IsEmpty, "exactly so many bytes are consumed");
        EventLoop.Current!.Slabs.Return(slab);
        return result;
    }

    public static RequestHead Head(string method = "GET", string path = "/", string authority = "orders", params (string Name, string Value)[] fields)
    {
        var head = new RequestHead();
        head.SetMethod(HttpMethods.Identify(Encoding.ASCII.GetBytes(method)), Encoding.ASCII.GetBytes(method));
        head.SetTarget(Encoding.ASCII.GetBytes(path));
        head.SetAuthority(Encoding.ASCII.GetBytes(authority));
        head.Fields.Add(KnownField.Host, Encoding.ASCII.GetBytes(authority));
        foreach (var (name, value) in fields)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(name), Encoding.Latin1.GetBytes(value));
        }

        return head;
    }

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

    public void StartServer() => OnLoop(() =>
    {
        Server = new Http2ServerConnection(ServerSocket, Rules, ServerSettings, this);
        _ = ServeAsync();

        async Task ServeAsync() => End = await Server.ServeAsync(IdleTimeout);
    });

    public void StartClient() => OnLoop(() =>
    {
        Client = new Http2ClientConnection(ClientSocket, Rules, ClientSettings, this);
        Client.Start();
    });

    public void Start()
    {
        StartServer();
        StartClient();
    }

    /// <summary>Runs an action on the loop and then the loop until nothing is left to do.</summary>
    public void OnLoop(Action action)
    {
        Loop.Post(action);
        Run();
    }

    /// <summary>Starts something on the loop; whoever wants its result looks when the loop is idle.</summary>
    public Task<T> On<T>(Func<Task<T>> body)
    {
        Task<T> task = null!;
        OnLoop(() => task = body());
        return task;
    }

    public void Run()
    {
        Loop.RunUntilIdle();
        if (_failures.Count > 0)
        {
            throw new AggregateException(_failures);
        }
    }

    public void Advance(TimeSpan time)
    {
        Clock.Advance(time);
        Run();
    }

    /// <summary>A whole exchange by our client.</summary>
    public Task<Answer> AskAsync(RequestHead head, string? body = null, FieldList? trailers = null) => On(async () =>
    {
        var stream = Client.TryOpen() ?? throw new InvalidOperationException("no stream");
        if (body is not null && head.Body == BodyKind.None)
        {
            head.Body = BodyKind.Length;
            head.ContentLength = body.Length;
        }

        Assert.True(stream.WriteHead(head));
        if (body is not null)
        {
            await SendAsync(stream, body);
        }

        await stream.FinishAsync(trailers);
        var response = new ResponseHead();
        var interims = new List<int>();
        HeadResult result;
        do
        {
            result = await stream.ReceiveHeadAsync(response, head.Method);
            if (result.Outcome == HeadOutcome.Received && response.Status < 200)
            {
                interims.Add(response.Status);
            }
        }
        while (result.Outcome == HeadOutcome.Received && response.Status < 200 && response.Status != 101);
        var text = result.Outcome == HeadOutcome.Received ? await ReadAllAsync(stream) : "";
        var answer = new Answer(result, response, text, Text(stream.Trailers), interims, stream.PeerReset, stream.WasRefused, stream.SentAnything);
        stream.Release();
        return answer;
    });

    public void Dispose()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        OnLoop(() =>
        {
            Client?.Close(goAway: false);
            Server?.Abort();
            ClientSocket.Close();
            ServerSocket.Close();
        });
        Advance(TimeSpan.FromSeconds(30));
        Assert.True(Server is null || End is not null, "the server ends");
        Assert.True(Client is null || ClientClosed is not null, "the client ends");
        Assert.Equal(0, Loop.Slabs.Rented);
        Assert.Equal(0, Loop.Timers.Count);
        Loop.Dispose();
    }

    void IHttp2Requests.RequestArrived(Http2ServerStream stream)
    {
        Arrived++;
        _ = RunAsync();

        async Task RunAsync()
        {
            try
            {
                await App(stream);
            }
            catch (Exception exception)
            {
                _failures.Add(exception);
            }

            stream.Complete();
        }
    }

    void IHttp2Upstream.StreamReleased(Http2ClientConnection connection) => Released++;

    void IHttp2Upstream.GoingAway(Http2ClientConnection connection) => GoingAwayTold++;

    void IHttp2Upstream.Closed(Http2ClientConnection connection, IoError error)
    {
        Assert.Null(ClientClosed);
        ClientClosed = error;
    }

    public sealed record Answer(
        HeadResult Result, ResponseHead Head, string Body, string Trailers, List<int> Interims, Http2Error? PeerReset, bool WasRefused, bool SentAnything)
    {
        public int Status => Head.Status;
    }
}
