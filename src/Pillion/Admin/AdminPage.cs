namespace Pillion.Admin;

/// <summary>The page for a person: three files inside the program, nothing from anywhere else.</summary>
internal static class AdminPage
{
    public static AdminResponse Html => Read("page.html", "text/html; charset=utf-8");

    public static AdminResponse Script => Read("page.js", "text/javascript; charset=utf-8");

    public static AdminResponse Style => Read("page.css", "text/css; charset=utf-8");

    private static AdminResponse Read(string name, string contentType)
    {
        using var stream = typeof(AdminPage).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the program");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new AdminResponse(200, contentType, bytes);
    }
}
