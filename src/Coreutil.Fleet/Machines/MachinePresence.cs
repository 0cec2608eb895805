using System.Globalization;
using Coreutil.Etcd.Client;
using Coreutil.Fleet.Registry;
using Microsoft.Extensions.Logging;

namespace Coreutil.Fleet.Machines;

/// <summary>
/// Keeps this machine in the registry. The first write must make the object, so two machines with one ID cannot both be registered; while the
/// store is away it tries again for ever, and nothing that runs here is touched.
/// </summary>
public sealed class MachinePresence(
    IRegistry registry, Func<MachineState> readMachine, TimeSpan ttl, string registrationFile, TimeProvider time, ILogger log)
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
                    Remember(await registry.RefreshMachineAsync(machine, ttl, cancel));
                    pause = _firstPause;
                    if (!IsRegistered)
                    {
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
                Volatile.Write(ref _isRegistered, false);
                log.RegistrationFailed(unreachable.Message);

                // The mirror notices first when the store is back, and that ends the pause.
                await registry.WaitForChangeAsync(registry.Version, pause, cancel);
            }

            pause = pause + pause < _longestPause ? pause + pause : _longestPause;
        }
    }

    private async Task<bool> TryRegisterAsync(MachineState machine, CancellationToken cancel)
    {
        if (await registry.RegisterMachineAsync(machine, ttl, cancel) is not null)
        {
            return true;
        }

        // A fleetd that was killed left its object, which lives up to a TTL. It is ours if nobody wrote it since we did.
        return ReadRemembered() is { } index && await registry.RetakeMachineAsync(machine, index, ttl, cancel) is not null;
    }

    private ulong? ReadRemembered() =>
        File.Exists(registrationFile)
        && ulong.TryParse(File.ReadAllText(registrationFile), NumberStyles.None, CultureInfo.InvariantCulture, out ulong index)
            ? index
            : null;

    private void Remember(ulong index)
    {
        try
        {
            File.WriteAllText(registrationFile, index.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            // Only a quick restart after a kill depends on it.
            log.RegistrationNotKept(registrationFile, unwritable.Message);
        }
    }
}
