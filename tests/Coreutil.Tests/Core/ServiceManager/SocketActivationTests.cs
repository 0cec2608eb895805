using Coreutil.Core.ServiceManager;

namespace Coreutil.Tests.Core.ServiceManager;

public sealed class SocketActivationTests
{
    // sd_listen_fds(3): descriptors from 3 on, for the process named only.
    [Theory]
    [InlineData("7", "2", "client:peer", "3=client 4=peer")]
    [InlineData("7", "2", null, "3= 4=")]
    [InlineData("8", "2", "client:peer", "")]
    [InlineData("7", "x", null, "")]
    [InlineData(null, null, null, "")]
    public void Sockets_are_those_meant_for_this_process(string? process, string? count, string? names, string sockets)
    {
        var environment = new Dictionary<string, string?> { ["LISTEN_PID"] = process, ["LISTEN_FDS"] = count, ["LISTEN_FDNAMES"] = names };

        var found = SocketActivation.Sockets(environment.GetValueOrDefault, processId: 7);

        Assert.Equal(sockets, string.Join(' ', found.Select(socket => $"{socket.Descriptor}={socket.Name}")));
    }
}
