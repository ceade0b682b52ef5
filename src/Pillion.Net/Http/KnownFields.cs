namespace Pillion.Net.Http;

/// <summary>Names to numbers and back.</summary>
internal static class KnownFields
{
    /// <summary>The number of a field name, case ignored; <see cref="KnownField.Other"/> for any other name.</summary>
    public static KnownField Identify(ReadOnlySpan<byte> name) => throw new NotImplementedException();

    /// <summary>The name as Pillion writes it, such as <c>X-Request-Id</c>.</summary>
    public static ReadOnlySpan<byte> Name(KnownField known) => throw new NotImplementedException();
}
