namespace Pillion.Core.Signals;

/// <summary>Colours of a terminal, or none: what goes into a file or a pipe stays plain.</summary>
internal readonly record struct Ink(bool IsOn)
{
    public string Bold(string text) => Of("1", text);

    public string Faint(string text) => Of("2", text);

    public string Red(string text) => Of("31", text);

    public string Green(string text) => Of("32", text);

    public string Yellow(string text) => Of("33", text);

    /// <summary>As a status is looked at: green, yellow, or red from 500 on and where there was no answer.</summary>
    public string Status(int status, string text) => status is 0 or >= 500 ? Red(text) : status >= 400 ? Yellow(text) : Green(text);

    private string Of(string code, string text) => IsOn && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;
}
