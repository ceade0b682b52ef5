using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Forwarding;

/// <summary>Header fields that filters put into the answer of one exchange; nothing is allocated where there are none.</summary>
internal sealed class AnswerFields
{
    private FieldList? _fields;
    private List<HeaderAppend>? _appends;

    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HeaderAppend append)
    {
        (_fields ??= new FieldList()).Add(name, value);
        (_appends ??= []).Add(append);
    }

    public void ApplyTo(FieldList answer)
    {
        if (_appends is null)
        {
            return;
        }

        for (var i = 0; i < _appends.Count; i++)
        {
            Edit(answer, _fields!.Name(i), _fields.Value(i), _appends[i]);
        }
    }

    public void Clear()
    {
        if (_appends is { Count: > 0 })
        {
            _fields!.Clear();
            _appends.Clear();
        }
    }

    /// <summary>
    /// A service that is asked about a request may set this field. Framing is not its to decide, nor which host was asked for: the decision was about that.
    /// </summary>
    public static bool MayBeSet(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        HttpBytes.IsToken(name) && value.IndexOfAny(HttpBytes.Controls) < 0 && KnownFields.Identify(name) is not
            (KnownField.Host or KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Connection or KnownField.KeepAlive or KnownField.ProxyConnection or
            KnownField.Upgrade or KnownField.TE or KnownField.Trailer);

    /// <summary>One edit of a list of fields.</summary>
    public static void Edit(FieldList fields, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HeaderAppend append)
    {
        var isThere = fields.IndexOf(name) >= 0;
        if ((append == HeaderAppend.AddIfAbsent && isThere) || (append == HeaderAppend.SetIfPresent && !isThere))
        {
            return;
        }

        if (append is HeaderAppend.Set or HeaderAppend.SetIfPresent)
        {
            fields.RemoveAll(name);
        }

        fields.Add(name, value);
    }
}
