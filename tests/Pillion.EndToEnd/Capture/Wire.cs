using System.Buffers.Binary;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Capture;

/// <summary>What <c>tcpdump</c> saw on a pod's cable: the bytes of every TCP connection, each direction by itself and in order.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private const int FileHeader = 24;
    private const int PacketHeader = 16;
    private const int Ethernet = 14;

    private readonly TempDirectory _directory = new();
    private readonly Running _tcpdump;

    private Wire(Pod pod) => _tcpdump = pod.Start(
        Peers.Need("tcpdump"), ["-i", "eth0", "-U", "-s", "0", "--immediate-mode", "-Z", "root", "-w", _directory["wire.pcap"], "tcp"]);

    /// <summary>Begins to listen; returns when nothing is missed any more.</summary>
    public static async Task<Wire> TapAsync(Pod pod)
    {
        Peers.Need("tcpdump");
        var wire = new Wire(pod);
        await Eventually.IsTrue(() => wire._tcpdump.Error.Contains("listening on") || wire._tcpdump.HasExited, "tcpdump to listen");
        Assert.False(wire._tcpdump.HasExited, wire._tcpdump.Error);
        return wire;
    }

    /// <summary>Stops listening and returns what was sent to and from a port, a direction of a connection each; those that carried nothing are left out.</summary>
    public async Task<IReadOnlyList<byte[]>> StopAsync(int port)
    {
        _tcpdump.Signal(Signals.Interrupt);
        await _tcpdump.EndAsync();
        return Streams(await File.ReadAllBytesAsync(_directory["wire.pcap"]), port);
    }

    /// <summary>Whether these are whole records of TLS and nothing else (RFC 8446 §5.1): the last may be cut where the connection was.</summary>
    public static bool IsTlsOnly(ReadOnlySpan<byte> bytes)
    {
        var isFirst = true;
        while (bytes.Length >= 5)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
            if (bytes[0] is < 20 or > 23 || bytes[1] != 3 || bytes[2] > 4 || length is 0 or > 16_384 + 256 || (isFirst && bytes[0] != 22))
            {
                return false;
            }

            isFirst = false;
            bytes = bytes[Math.Min(bytes.Length, 5 + length)..];
        }

        return !isFirst;
    }

    public async ValueTask DisposeAsync()
    {
        await _tcpdump.DisposeAsync();
        _directory.Dispose();
    }

    // libpcap's file format, in the byte order of this machine; each packet an Ethernet frame.
    private static List<byte[]> Streams(byte[] file, int port)
    {
        var streams = new Dictionary<string, SortedDictionary<uint, byte[]>>();
        for (var at = FileHeader; at + PacketHeader <= file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8));
            var frame = file.AsSpan(at + PacketHeader, length);
            at += PacketHeader + length;
            var isV6 = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == 0x86DD;
            var ip = frame[Ethernet..];
            var size = isV6 ? 40 + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) : BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
            var tcp = ip[(isV6 ? 40 : (ip[0] & 0xF) * 4)..size];
            var payload = tcp[((tcp[12] >> 4) * 4)..];
            if (payload.IsEmpty || (BinaryPrimitives.ReadUInt16BigEndian(tcp) != port && BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]) != port))
            {
                continue;
            }

            var key = Convert.ToHexString(isV6 ? ip[8..40] : ip[12..20]) + Convert.ToHexString(tcp[..4]);
            streams.TryAdd(key, []);
            streams[key].TryAdd(BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]), payload.ToArray());
        }

        // Sequence numbers wrap within a test only by bad luck; a retransmission has a number that is there already.
        return [.. streams.Values.Select(parts => parts.Values.SelectMany(part => part).ToArray())];
    }
}
