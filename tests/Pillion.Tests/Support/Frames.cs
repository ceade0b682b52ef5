using System.Text;

namespace Pillion.Tests.Support;

/// <summary>Frames of HTTP/2 as text for a <see cref="RawPeer"/>, one character a byte (RFC 9113 §4.1, §6).</summary>
internal static class Frames
{
    public static string Data(int stream, string data, bool endsStream) => Frame(0, endsStream ? 1 : 0, stream, data);

    /// <param name="block">In HPACK: "\u0088" is :status: 200.</param>
    public static string Headers(int stream, string block, bool endsStream) => Frame(1, endsStream ? 5 : 4, stream, block);

    public static string Settings(params (int Id, uint Value)[] settings) => Frame(4, 0, 0, string.Concat(settings.Select(setting => Number(setting.Id, 2) + Number(setting.Value, 4))));

    public static string GoAway(int lastStream, uint code = 0) => Frame(7, 0, 0, Number(lastStream, 4) + Number(code, 4));

    public static string Reset(int stream, uint code) => Frame(3, 0, stream, Number(code, 4));

    public static string Frame(int type, int flags, int stream, string payload) =>
        Number(payload.Length, 3) + Number(type, 1) + Number(flags, 1) + Number(stream, 4) + payload;

    private static string Number(long value, int bytes)
    {
        var text = new StringBuilder();
        for (var shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        {
            text.Append((char)((value >> shift) & 0xFF));
        }

        return text.ToString();
    }
}
