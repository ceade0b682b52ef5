namespace Pillion.Core.Overload;

/// <summary>What is given up now. Written off the loops, once a second at most; read by every request as one reference.</summary>
internal sealed class OverloadState
{
    private static readonly Moment Calm = new(OverloadActions.None, "");

    private volatile Moment _now = Calm;

    public OverloadActions Actions => _now.Actions;

    /// <summary>How full memory is, in words.</summary>
    public string Cause => _now.Cause;

    public bool Sheds(OverloadActions action) => (_now.Actions & action) != 0;

    public void Publish(OverloadActions actions, string cause) => _now = actions == OverloadActions.None ? Calm : new Moment(actions, cause);

    private sealed record Moment(OverloadActions Actions, string Cause);
}
