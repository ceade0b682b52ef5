using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters;

/// <summary>One step of the edits: remove a name, or add or set its value.</summary>
internal sealed class HeaderEdit
{
    private readonly byte[] _name;
    private readonly KnownField _known;
    private readonly HeaderTemplate? _value;
    private readonly HeaderAppend _append;

    private HeaderEdit(string name, HeaderTemplate? value, HeaderAppend append)
    {
        _name = System.Text.Encoding.ASCII.GetBytes(name);
        _known = KnownFields.Identify(_name);
        _value = value;
        _append = append;
    }

    public static HeaderEdit Remove(string name) => new(name, null, default);

    public static HeaderEdit Add(HeaderValueConfig config) => new(config.Name, new HeaderTemplate(config.Value), config.Append);

    public bool IsHost => _known == KnownField.Host;

    public HeaderAppend Append => _append;

    /// <summary>Null when the step removes.</summary>
    public HeaderTemplate? Value => _value;

    public void RemoveFrom(FieldList fields)
    {
        if (_known == KnownField.Other)
        {
            fields.RemoveAll(_name);
        }
        else
        {
            fields.RemoveAll(_known);
        }
    }

    public void AddTo(FieldList fields, ReadOnlySpan<byte> value)
    {
        var index = _known == KnownField.Other ? fields.IndexOf(_name) : fields.IndexOf(_known);
        switch (_append)
        {
            case HeaderAppend.AddIfAbsent when index >= 0:
            case HeaderAppend.SetIfPresent when index < 0:
                return;
            case HeaderAppend.Set or HeaderAppend.SetIfPresent when index >= 0:
                fields.Replace(index, value);
                for (var other = fields.IndexOf(_name, index + 1); other >= 0; other = fields.IndexOf(_name, other + 1))
                {
                    fields.RemoveAt(other);
                }

                return;
            default:
                fields.Add(_known, _name, value);
                return;
        }
    }
}
