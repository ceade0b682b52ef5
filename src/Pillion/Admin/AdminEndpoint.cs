namespace Pillion.Admin;

/// <summary>One path of the admin port.</summary>
/// <param name="Path">The whole path; one that ends in a slash takes what follows as an argument.</param>
/// <param name="ChangesState">POST with the token; else GET and HEAD.</param>
internal sealed record AdminEndpoint(string Path, string Summary, bool ChangesState, Func<AdminRequest, string, CancellationToken, Task<AdminResponse>> Answer);
