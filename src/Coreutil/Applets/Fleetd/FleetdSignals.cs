using System.Runtime.InteropServices;
using System.Threading.Channels;
using Coreutil.Fleet;
using Microsoft.Extensions.Logging;

namespace Coreutil.Applets.Fleetd;

/// <summary>SIGHUP reads the configuration again, SIGUSR1 prints what the agent believes. One after the other, whatever comes meanwhile.</summary>
internal sealed class FleetdSignals : IDisposable
{
    // Linux' number: the enumeration of the framework has no name for it.
    private const PosixSignal UserSignal = (PosixSignal)10;

    private readonly Channel<PosixSignal> _received = Channel.CreateBounded<PosixSignal>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly FleetDaemon _daemon;
    private readonly Func<FleetConfig> _readConfig;
    private readonly string _file;
    private readonly TextWriter _output;
    private readonly ILogger _log;
    private readonly PosixSignalRegistration _hangUp;
    private readonly PosixSignalRegistration _user;

    public FleetdSignals(FleetDaemon daemon, Func<FleetConfig> readConfig, string file, TextWriter output, ILogger log)
    {
        (_daemon, _readConfig, _file, _output, _log) = (daemon, readConfig, file, output, log);
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Receive);
        _user = PosixSignalRegistration.Create(UserSignal, Receive);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var signal in _received.Reader.ReadAllAsync(cancel))
        {
            if (signal == PosixSignal.SIGHUP)
            {
                await ReloadAsync(cancel);
            }
            else
            {
                _log.LogDumping();
                await _output.WriteLineAsync((await _daemon.DumpStateAsync()).AsMemory(), cancel);
            }
        }
    }

    public void Dispose()
    {
        _hangUp.Dispose();
        _user.Dispose();
    }

    private async Task ReloadAsync(CancellationToken cancel)
    {
        _log.LogReloading(_file);
        FleetConfig config;
        try
        {
            config = _readConfig();
        }
        catch (FleetStartException refused)
        {
            _log.LogNotReloaded(refused.Message);
            return;
        }

        await _daemon.ReloadAsync(config, cancel);
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        _received.Writer.TryWrite(context.Signal);
    }
}
