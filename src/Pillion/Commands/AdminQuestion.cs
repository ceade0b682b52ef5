using Pillion.Application;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary>A page of a running sidecar's admin port, printed as it is.</summary>
internal static class AdminQuestion
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<int> AskAsync(Address admin, string path, CommandIo io, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        HttpAnswer answer;
        try
        {
            answer = await PlainHttp.GetAsync(admin, path, "localhost", either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            answer = new HttpAnswer(0, "", "no answer");
        }

        if (answer.Problem is { } problem)
        {
            return io.Fail($"the sidecar at {admin} cannot be asked: {problem}", ExitCodes.Failure);
        }

        if (answer.Status != 200)
        {
            return io.Fail(answer.Body.Trim(), ExitCodes.Failure);
        }

        io.Out.WriteLine(answer.Body.TrimEnd());
        return ExitCodes.Success;
    }
}
