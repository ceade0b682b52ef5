namespace Pillion.EndToEnd.Support;

/// <summary>The real curl. Its output is the body; the status and what else was asked for follow in the last line.</summary>
internal static class Curl
{
    public static Task<Result> RunAsync(params string[] arguments) =>
        Running.ToEndAsync(Peers.Need("curl"), ["-sS", "--max-time", "25", .. arguments]);

    /// <summary>Runs curl and returns the status with the body.</summary>
    public static async Task<(int Status, string Body)> GetAsync(params string[] arguments)
    {
        var result = await RunAsync([.. arguments, "-w", "\n%{http_code}"]);
        Xunit.Assert.True(result.Code == 0, result.ToString());
        var split = result.Out.LastIndexOf('\n');
        return (int.Parse(result.Out[(split + 1)..], System.Globalization.CultureInfo.InvariantCulture), result.Out[..split]);
    }
}
