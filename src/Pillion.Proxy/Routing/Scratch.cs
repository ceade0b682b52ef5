using System.Text;
using Pillion.Core.Signals;
using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>
/// Memory of one loop thread for the moment of a match or a rewrite. What is handed out is valid until the same kind of memory is asked for again;
/// nothing here may be kept across an await.
/// </summary>
internal sealed class Scratch
{
    [ThreadStatic]
    private static Scratch? s_ofThread;

    private byte[] _path = new byte[512];
    private char[] _chars = new char[512];
    private byte[] _joined = new byte[512];
    private readonly LineBuffer _writer = new();
    private readonly LineBuffer _location = new();

    public static Scratch OfThread => s_ofThread ??= new Scratch();

    /// <summary>An empty writer; its text is valid until the next call.</summary>
    public LineBuffer Writer
    {
        get
        {
            _writer.Clear();
            return _writer;
        }
    }

    /// <summary>A second writer under the same rule.</summary>
    public LineBuffer Location
    {
        get
        {
            _location.Clear();
            return _location;
        }
    }

    /// <summary>The path as routes see it; the path itself where that is no other.</summary>
    public ReadOnlySpan<byte> ForMatching(ReadOnlySpan<byte> path, HttpRules rules)
    {
        if (_path.Length < path.Length)
        {
            _path = new byte[path.Length * 2];
        }

        return PathNormalizer.ForMatching(path, rules, _path);
    }

    /// <summary>The bytes as Latin-1 characters.</summary>
    public ReadOnlySpan<char> Chars(ReadOnlySpan<byte> bytes)
    {
        if (_chars.Length < bytes.Length)
        {
            _chars = new char[bytes.Length * 2];
        }

        return _chars.AsSpan(0, Encoding.Latin1.GetChars(bytes, _chars));
    }

    /// <summary>The values of a field that came several times, joined by commas.</summary>
    /// <param name="first">The index of the first field of this name.</param>
    /// <param name="second">The index of the second one.</param>
    public ReadOnlySpan<byte> Join(FieldList fields, ReadOnlySpan<byte> name, int first, int second)
    {
        var length = 0;
        AppendJoined(fields.Value(first), ref length);
        for (var index = second; index >= 0; index = fields.IndexOf(name, index + 1))
        {
            AppendJoined(","u8, ref length);
            AppendJoined(fields.Value(index), ref length);
        }

        return _joined.AsSpan(0, length);
    }

    private void AppendJoined(ReadOnlySpan<byte> bytes, ref int length)
    {
        if (_joined.Length - length < bytes.Length)
        {
            Array.Resize(ref _joined, Math.Max(_joined.Length * 2, length + bytes.Length));
        }

        bytes.CopyTo(_joined.AsSpan(length));
        length += bytes.Length;
    }
}
