using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>request_headers</c> and <c>response_headers</c>: <c>{ set, add, default, remove }</c>.</summary>
internal static class HeaderEdits
{
    public static HeaderEditConfig Read(ConfigValue value)
    {
        using var map = value.AsMap("header edits");
        var edits = new List<HeaderValueConfig>();
        ReadValues(map.Optional("set", "Names and values that replace what is there. Values may hold operators such as `%REQ(:AUTHORITY)%`; `%%` is a per cent sign."), HeaderAppend.Set, edits);
        ReadValues(map.Optional("add", "Names and values added beside what is there."), HeaderAppend.Add, edits);
        ReadValues(map.Optional("default", "Names and values added where there is none."), HeaderAppend.AddIfAbsent, edits);
        ReadValues(map.Optional("replace", "Names and values that replace what is there, and are not added where there is none."), HeaderAppend.SetIfPresent, edits);
        var remove = map.Optional("remove", "Names removed before anything is added.").AsTexts(item => HeaderName.Read(item, removes: true));
        return edits.Count == 0 && remove.Count == 0 ? HeaderEditConfig.None : new() { Add = new([.. edits]), Remove = remove };
    }

    private static void ReadValues(ConfigValue values, HeaderAppend append, List<HeaderValueConfig> edits) => values.AsNamed("NAME", (name, value) =>
    {
        if (!value.IsDescribing)
        {
            HeaderName.Check(name, value);
        }

        if (OperatorText.Read(value) is not { } text)
        {
            return;
        }

        if (!HttpText.IsFieldValue(text))
        {
            value.FailText("is not a header value", "use visible characters and spaces");
            return;
        }

        edits.Add(new(name, text, append));
    });
}
