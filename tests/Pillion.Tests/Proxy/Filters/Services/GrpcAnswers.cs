using System.Buffers.Binary;
using System.Text;
using Pillion.Core.Protobuf;
using Pillion.Tests.Support;

namespace Pillion.Tests.Proxy.Filters.Services;

/// <summary>The messages of a gRPC service in a test: what it was asked, and how it answers. Text is Latin-1, one character a byte.</summary>
internal static class GrpcAnswers
{
    private static readonly (string, string) Type = ("content-type", "application/grpc");

    /// <summary>The message of a call that was read whole.</summary>
    public static byte[] Message(Http2Call call)
    {
        var frame = Encoding.Latin1.GetBytes(call.Read().Body);
        return frame[5..];
    }

    /// <summary>Answers with one message.</summary>
    public static void Reply(Http2Call call, Action<ProtoWriter> write)
    {
        var writer = new ProtoWriter();
        write(writer);
        Reply(call, writer.Written);
    }

    public static void Reply(Http2Call call, ReadOnlySpan<byte> message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(5));
        call.Answer(body: Encoding.Latin1.GetString(frame), trailers: "grpc-status: 0\n", fields: Type);
    }

    /// <summary>Answers with nothing but a status.</summary>
    public static void Status(Http2Call call, int status) => call.Answer(body: "", fields: [Type, ("grpc-status", status.ToString(null, null))]);

    /// <summary>Every text under a path of field numbers, nested messages opened on the way.</summary>
    public static List<string> Texts(ReadOnlySpan<byte> message, params ReadOnlySpan<int> path)
    {
        var found = new List<string>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.Field == path[0])
            {
                if (path.Length > 1)
                {
                    found.AddRange(Texts(reader.Bytes, path[1..]));
                }
                else
                {
                    found.Add(reader.WireType == 2 ? Encoding.UTF8.GetString(reader.Bytes) : reader.Number.ToString(System.Globalization.CultureInfo.InvariantCulture));
                }
            }
        }

        return reader.IsBroken ? throw new InvalidOperationException("the message is broken") : found;
    }

    /// <summary>A map of texts at a path.</summary>
    public static Dictionary<string, string> Map(ReadOnlySpan<byte> message, params ReadOnlySpan<int> path) =>
        Texts(message, [.. path, 1]).Zip(Texts(message, [.. path, 2])).ToDictionary(pair => pair.First, pair => pair.Second);

    /// <summary>HeaderValueOption with HeaderValue in it.</summary>
    public static void Header(ProtoWriter writer, int field, string name, string value, bool append = false)
    {
        var option = writer.Begin(field);
        var header = writer.Begin(1);
        writer.Text(1, name);
        writer.Text(2, value);
        writer.End(header);
        if (append)
        {
            var flag = writer.Begin(2);
            writer.Bool(1, true);
            writer.End(flag);
        }

        writer.End(option);
    }
}
