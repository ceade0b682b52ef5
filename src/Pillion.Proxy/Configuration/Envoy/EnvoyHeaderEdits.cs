using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>request_headers_to_add, request_headers_to_remove and the same for responses.</summary>
internal static class EnvoyHeaderEdits
{
    public static HeaderEditConfig Read(ConfigMap map, string side)
    {
        var add = map.Optional(side + "_headers_to_add").AsList(ReadValue);
        var remove = map.Optional(side + "_headers_to_remove").AsList(item => HeaderName.Read(item, removes: true));
        return add.Count == 0 && remove.Count == 0 ? HeaderEditConfig.None : new() { Add = add, Remove = remove };
    }

    /// <summary>HeaderValueOption.</summary>
    public static HeaderValueConfig? ReadValue(ConfigValue value)
    {
        using var map = value.AsMap("HeaderValueOption");
        using var header = map.Required("header").AsMap();
        var name = HeaderName.Read(header.Required("key"));
        var text = header.Required("value");
        var operators = OperatorText.Read(text);
        if (operators is not null && !HttpText.IsFieldValue(operators))
        {
            text.FailText("is not a header value", "use visible characters and spaces");
        }

        // append is what append_action was before v3 deprecated it; true is the default of both.
        var append = map.Optional("append").AsBool(true) ? HeaderAppend.Add : HeaderAppend.Set;
        var action = map.Optional("append_action").AsOneOf(EnvoyNames.AppendActions, append);
        return name is null || operators is null ? null : new(name, operators, action);
    }
}
