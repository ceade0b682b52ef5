using System.Text;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Where a part of a secret stands: in a file that may change, or in the configuration itself.</summary>
internal sealed record SecretPart
{
    private readonly string? _text;
    private readonly bool _isBase64;

    private SecretPart(string? file, string? text, bool isBase64)
    {
        File = file;
        _text = text;
        _isBase64 = isBase64;
    }

    /// <summary>Null where it stands in the configuration.</summary>
    public string? File { get; }

    public static implicit operator SecretPart(string file) => new(file, null, isBase64: false);

    public static SecretPart Inline(string text) => new(null, text, isBase64: false);

    /// <summary>What is not text, such as DER; the caller has checked that it is Base64.</summary>
    public static SecretPart InlineBase64(string base64) => new(null, base64, isBase64: true);

    /// <summary>Null with a fault.</summary>
    public byte[]? TryRead(out SecretFault? fault)
    {
        fault = null;
        return File is not null ? SecretFile.TryRead(File, out fault)
            : _isBase64 ? Convert.FromBase64String(_text!)
            : Encoding.UTF8.GetBytes(_text!);
    }

    /// <summary>For messages; never what is inline.</summary>
    public override string ToString() => File is null ? "what stands in the configuration" : Configuration.ConfigError.OnOneLine(File);
}
