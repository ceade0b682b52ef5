using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pillion.Tests.Proxy.Clusters.Dns;

/// <summary>A name server on UDP that answers A and AAAA from a table; a name not in it does not exist.</summary>
internal sealed class FakeNameServer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Dictionary<string, (uint TimeToLive, IPAddress[] Addresses)> _records = [];
    private readonly Lock _lock = new();
    private readonly List<string> _asked = [];

    public FakeNameServer()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _ = ServeAsync();
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public string[] Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    public void Add(string name, uint timeToLive, params string[] addresses) => _records[name] = (timeToLive, [.. addresses.Select(IPAddress.Parse)]);

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync()
    {
        var query = new byte[512];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(query, new IPEndPoint(IPAddress.Any, 0));
                await _socket.SendToAsync(Answer(query.AsSpan(0, received.ReceivedBytes)), received.RemoteEndPoint);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    // RFC 1035 §4.1: header, question, answers whose names point to the question.
    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        var name = new StringBuilder();
        var at = 12;
        for (; query[at] != 0; at += query[at] + 1)
        {
            name.Append(Encoding.ASCII.GetString(query.Slice(at + 1, query[at]))).Append('.');
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(query[(at + 1)..]);
        var question = query[12..(at + 5)];
        lock (_lock)
        {
            _asked.Add($"{name} {(type == 1 ? "A" : "AAAA")}");
        }

        var exists = _records.TryGetValue(name.ToString(), out var record);
        var family = type == 1 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        var addresses = exists ? record.Addresses.Where(address => address.AddressFamily == family).ToList() : [];

        var answer = new List<byte>([query[0], query[1], 0x81, (byte)(exists ? 0x80 : 0x83), 0, 1, 0, (byte)addresses.Count, 0, 0, 0, 0, .. question]);
        foreach (var address in addresses)
        {
            var bytes = address.GetAddressBytes();
            answer.AddRange([0xC0, 12, 0, (byte)type, 0, 1]);
            answer.AddRange([(byte)(record.TimeToLive >> 24), (byte)(record.TimeToLive >> 16), (byte)(record.TimeToLive >> 8), (byte)record.TimeToLive]);
            answer.AddRange([0, (byte)bytes.Length, .. bytes]);
        }

        return [.. answer];
    }
}
