using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pillion.Demo;

/// <summary>A small application: greets, and says which headers it was sent. It stands for code that knows nothing of sidecars, so it uses plain sockets.</summary>
internal sealed class DemoApplication : IDisposable
{
    private readonly string _name;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    public DemoApplication(string name)
    {
        _name = name;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                while (await reader.ReadLineAsync(_stop.Token).ConfigureAwait(false) is { Length: > 0 } requestLine)
                {
                    var fields = new List<string>();
                    while (await reader.ReadLineAsync(_stop.Token).ConfigureAwait(false) is { Length: > 0 } field)
                    {
                        fields.Add(field);
                    }

                    var sent = fields.Where(field => field.StartsWith("x-forwarded-for", StringComparison.OrdinalIgnoreCase) || field.StartsWith("x-request-id", StringComparison.OrdinalIgnoreCase));
                    var body = $"{_name} here: {requestLine}\n{string.Concat(sent.Select(field => $"  {field}\n"))}";
                    await client.GetStream().WriteAsync(
                        Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n{body}"), _stop.Token).ConfigureAwait(false);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
            }
        }
    }
}
