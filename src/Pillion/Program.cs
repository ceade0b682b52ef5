using Pillion.Commands;

return await CommandLine.RunAsync(args, CommandIo.Process);
