using System.Text;
using BenchmarkDotNet.Attributes;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;

namespace Pillion.Benchmarks.Http;

/// <summary>What one request head costs: read, and read, cleaned and written as the proxy does.</summary>
[MemoryDiagnoser]
public class ParserBenchmark
{
    private readonly RequestHead _head = new();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private byte[] _raw = [];

    public enum Message
    {
        ShortGet,
        BrowserGet,
        ThirtyFields,
    }

    [ParamsAllValues]
    public Message Kind { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _raw = Encoding.ASCII.GetBytes(Text(Kind));
        if (Parse() != _raw.Length || ParseAndWrite() == 0)
        {
            throw new InvalidOperationException("The message under test is not read as a whole.");
        }
    }

    [Benchmark]
    public int Parse()
    {
        var scanner = default(HeadScanner);
        RequestParser.Parse(_raw, ref scanner, HttpRules.Default, _head, out var consumed, out _);
        return consumed;
    }

    [Benchmark]
    public int ParseAndWrite()
    {
        Parse();
        HopByHop.Remove(_head);
        HeadWriter.TryWriteRequest(_buffer, _head, close: false, out var written);
        return written;
    }

    private static string Text(Message kind) => kind switch
    {
        Message.ShortGet => "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
        Message.BrowserGet =>
            "GET /orders/4711/items?page=2&sort=price HTTP/1.1\r\n" +
            "Host: shop.example.com\r\n" +
            "Connection: keep-alive\r\n" +
            "sec-ch-ua: \"Chromium\";v=\"128\", \"Not;A=Brand\";v=\"24\"\r\n" +
            "sec-ch-ua-mobile: ?0\r\n" +
            "sec-ch-ua-platform: \"Linux\"\r\n" +
            "Upgrade-Insecure-Requests: 1\r\n" +
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36\r\n" +
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
            "Sec-Fetch-Site: same-origin\r\n" +
            "Sec-Fetch-Mode: navigate\r\n" +
            "Sec-Fetch-Dest: document\r\n" +
            "Referer: https://shop.example.com/orders\r\n" +
            "Accept-Encoding: gzip, deflate, br\r\n" +
            "Accept-Language: en-GB,en;q=0.9\r\n" +
            "Cookie: session=0123456789abcdef\r\n\r\n",
        _ => "POST /api HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 100\r\n" +
            string.Concat(Enumerable.Range(0, 28).Select(i => $"X-Field-Number-{i}: value number {i} of some length\r\n")) + "\r\n",
    };
}
