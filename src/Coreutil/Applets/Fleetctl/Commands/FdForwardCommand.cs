using System.CommandLine;
using System.Net.Sockets;
using Coreutil.Core.Applets;

namespace Coreutil.Applets.Fleetctl.Commands;

/// <summary>Connects stdin and stdout to a unix socket: the far end of a tunnel. It needs no API, unlike the original's.</summary>
internal static class FdForwardCommand
{
    public static Command Create(FleetctlSession session)
    {
        var socket = new Argument<string[]>("SOCKET") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("fd-forward", "Proxy stdin and stdout to a unix domain socket") { socket };
        command.SetAction((parsed, cancel) => RunAsync(session.Context, parsed.GetRequiredValue(socket), cancel));
        return command;
    }

    internal static async Task<int> RunAsync(AppletContext context, IReadOnlyList<string> words, CancellationToken cancel)
    {
        if (words is not [var path])
        {
            await context.Error.WriteLineAsync("Provide a single argument".AsMemory(), cancel);
            return ExitCode.Failure;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
        }
        catch (Exception unreachable) when (unreachable is SocketException or ArgumentOutOfRangeException)
        {
            // Exit code 0 as the original has it: whoever tunnels sees the closed stream.
            await context.Error.WriteLineAsync($"Failed dialing remote address: dial unix {path}: {unreachable.Message}".AsMemory(), cancel);
            return ExitCode.Success;
        }

        await using var remote = new NetworkStream(socket);
        var (input, output) = context.OpenBytes();
        try
        {
            await await Task.WhenAny(PassAsync(remote, output, cancel), PassAsync(input, remote, cancel));
            return ExitCode.Success;
        }
        catch (IOException broken)
        {
            await context.Error.WriteLineAsync($"Encountered error during copy: {broken.Message}".AsMemory(), cancel);
            return ExitCode.Failure;
        }
    }

    private static async Task PassAsync(Stream from, Stream to, CancellationToken cancel)
    {
        byte[] buffer = new byte[32 * 1024];
        for (int count; (count = await from.ReadAsync(buffer, cancel)) > 0;)
        {
            await to.WriteAsync(buffer.AsMemory(0, count), cancel);
            await to.FlushAsync(cancel);
        }
    }
}
