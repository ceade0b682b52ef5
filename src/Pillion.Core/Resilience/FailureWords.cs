using System.Text.Json;

namespace Pillion.Core.Resilience;

/// <summary>Kinds of failure as words in metrics and JSON: <c>connect_refused</c>.</summary>
internal static class FailureWords
{
    private static readonly string[] Words = [.. Enum.GetNames<FailureKind>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
    private static readonly string[] Sides = [.. Enum.GetNames<FailureSide>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    public static string Of(FailureKind kind) => Words[(int)kind];

    public static string Of(FailureSide side) => Sides[(int)side];
}
