using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>
/// A route's condition on a header; <c>:method</c>, <c>:path</c>, <c>:authority</c> (also as <c>Host</c>) and <c>:scheme</c> can be asked for as well.
/// A header that came several times is compared as one value, joined by commas, as Envoy does.
/// </summary>
internal sealed class HeaderMatcher
{
    private readonly byte[] _name;
    private readonly RequestField _source;
    private readonly KnownField _known;
    private readonly ValueMatcher _matcher;

    public HeaderMatcher(ValueMatchConfig config)
    {
        Name = config.Name;
        _name = Encoding.ASCII.GetBytes(config.Name);
        _source = RequestFields.Identify(config.Name);
        _known = KnownFields.Identify(_name);
        _matcher = new ValueMatcher(config);
    }

    public string Name { get; }

    public bool Matches(RequestHead head, Scratch scratch)
    {
        if (_source != RequestField.Header)
        {
            var pseudo = RequestFields.Get(head, _source);
            return _matcher.Matches(!pseudo.IsEmpty, pseudo, scratch);
        }

        return Matches(head.Fields, scratch);
    }

    /// <summary>As above, among the fields of an answer too.</summary>
    public bool Matches(FieldList fields, Scratch scratch)
    {
        var first = _known == KnownField.Other ? fields.IndexOf(_name) : fields.IndexOf(_known);
        if (first < 0)
        {
            return _matcher.Matches(present: false, default, scratch);
        }

        var second = fields.IndexOf(_name, first + 1);
        return _matcher.Matches(present: true, second < 0 ? fields.Value(first) : scratch.Join(fields, _name, first, second), scratch);
    }
}
