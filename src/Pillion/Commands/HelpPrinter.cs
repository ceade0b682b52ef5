using System.CommandLine;
using System.CommandLine.Invocation;

namespace Pillion.Commands;

/// <summary>Prints our own help in place of the library's.</summary>
internal sealed class HelpPrinter : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.Write(HelpText.Of(parseResult.CommandResult.Command));
        return ExitCodes.Success;
    }
}
