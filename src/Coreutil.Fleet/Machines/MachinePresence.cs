using Coreutil.Etcd.Client;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Machines;

/// <summary>
/// Keeps this machine in the registry. The first write must make the object, so two machines with one ID cannot both be registered; while the
/// store is away it tries again for ever, and nothing that runs here is touched.
/// </summary>
public sealed class MachinePresence(
    IRegistry registry, AssignmentWatch watch, Func<MachineState> readMachine, TimeSpan ttl, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(60);
    private bool _isRegistered;

    public bool IsRegistered => Volatile.Read(ref _isRegistered);

    /// <param name="onRegistered">Called at the first registration and after every loss of the store.</param>
    /// <param name="cancel">Ends it; the machine stays registered until its TTL is over.</param>
    public async Task RunAsync(Func<CancellationToken, Task> onRegistered, CancellationToken cancel)
    {
        bool wasRegistered = false;
        var pause = _firstPause;
        for (; ; )
        {
            try
            {
                var machine = readMachine();
                if (wasRegistered || await TryRegisterAsync(machine, cancel))
                {
                    await registry.RefreshMachineAsync(machine, ttl, cancel);
                    watch.OnBeat(hasArrived: true);
                    pause = _firstPause;
                    if (!IsRegistered)
                    {
                        await registry.WriteNotesAsync(machine.Id, machine.ApiAddress, cancel);
                        wasRegistered = true;
                        Volatile.Write(ref _isRegistered, true);
                        log.Registered(machine.Id, machine.PublicIp);
                        await onRegistered(cancel);
                    }

                    await Task.Delay(ttl / 2, time, cancel);
                    continue;
                }

                log.DuplicateMachine(machine.Id, pause);
                await Task.Delay(pause, time, cancel);
            }
            catch (Exception unreachable) when (unreachable is EtcdException or EtcdUnavailableException or EtcdProtocolException)
            {
                if (IsRegistered)
                {
                    log.HeartbeatFailed(unreachable.Message);
                }
                else if (pause == _firstPause)
                {
                    log.RegistrationFailed(unreachable.Message);
                }

                Volatile.Write(ref _isRegistered, false);
                watch.OnBeat(hasArrived: false);
                await WaitForStoreAsync(pause, cancel);
            }

            pause = pause + pause < _longestPause ? pause + pause : _longestPause;
        }
    }

    // The watch notices first when the store is back, and that ends the pause; but one that answers and refuses is not asked without a pause.
    private async Task WaitForStoreAsync(TimeSpan pause, CancellationToken cancel)
    {
        if (watch.IsWatching)
        {
            await Task.Delay(pause < _firstPause * 4 ? pause : _firstPause * 4, time, cancel);
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var late = Task.Delay(pause, time, limit.Token);
        while (!watch.IsWatching && !late.IsCompleted)
        {
            var changed = watch.Changed;
            if (!watch.IsWatching)
            {
                await Task.WhenAny(changed, late);
            }
        }

        await limit.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }

    // A fleetd that was killed left its object, which lives up to a TTL.
    private async Task<bool> TryRegisterAsync(MachineState machine, CancellationToken cancel) =>
        await registry.RegisterMachineAsync(machine, ttl, cancel) is not null || await registry.RetakeMachineAsync(machine, ttl, cancel) is not null;
}
