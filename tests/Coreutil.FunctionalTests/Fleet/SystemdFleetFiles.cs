using System.Globalization;

namespace Coreutil.FunctionalTests.Fleet;

/// <summary>What a host of the fleet has on top of Debian: units of etcd and fleet, keys, the seeds' script, and stand-ins for docker, sudo and curl.</summary>
internal static class SystemdFleetFiles
{
    public static async Task WriteAsync(string upper, int number, string id, string key, string[] settings, string fleetd)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"172.18.1.{number}");
        string members = "n1=http://172.18.1.1:2380,n2=http://172.18.1.2:2380,n3=http://172.18.1.3:2380";
        await FileAsync("etc/machine-id", $"{id}\n");
        await FileAsync("etc/hostname", $"n{number}\n");
        await FileAsync("etc/hosts", $"127.0.0.1 localhost\n{address} n{number}\n");
        await FileAsync("etc/environment", $"COREOS_PRIVATE_IPV4={address}\nCOREOS_PUBLIC_IPV4={address}\nFLEETCTL_SSH_USERNAME=root\nFLEETCTL_STRICT_HOST_KEY_CHECKING=false\n");
        await UnitAsync("lab-net.service", "multi-user.target", $"""
            [Unit]
            Before=network.target etcd.service
            [Service]
            Type=oneshot
            RemainAfterExit=yes
            ExecStart=/bin/sh -c 'ip addr add {address}/16 dev host0; ip link set host0 up; ip link set lo up; ip route add default via 172.18.0.1'

            """);
        await UnitAsync("etcd.service", "multi-user.target", $"""
            [Unit]
            After=lab-net.service
            Requires=lab-net.service
            [Service]
            ExecStart=/usr/bin/etcd --name n{number} --data-dir /var/lib/etcd --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://{address}:2379 \
              --listen-peer-urls http://{address}:2380 --initial-advertise-peer-urls http://{address}:2380 --initial-cluster {members} --initial-cluster-token lab
            Restart=always
            RestartSec=1

            """);
        await UnitAsync("docker.service", "multi-user.target", "[Service]\nExecStart=/bin/sleep infinity\n");
        await UnitAsync("fleet.socket", "sockets.target", "[Socket]\nListenStream=/var/run/fleet.sock\n");
        await UnitAsync("fleet-tcp.socket", "sockets.target", "[Socket]\nListenStream=54728\nService=fleet.service\n");
        await UnitAsync("fleet.service", "multi-user.target", $"""
            [Unit]
            After=etcd.service
            Wants=fleet.socket fleet-tcp.socket
            [Service]
            Environment=FLEET_METADATA=hostname=%H
            ExecStart={fleetd} -config /etc/fleet/fleet.conf
            Restart=always
            RestartSec=1

            """);
        await FileAsync("etc/fleet/fleet.conf", string.Join('\n', (string[])
        [
            "etcd_servers=[\"http://127.0.0.1:2379\"]", $"public_ip={address}", "agent_ttl=\"3s\"", $"advertise_api=http://{address}:54728", .. settings, "",
        ]));
        Ensure("usr/bin/original");
        foreach (string applet in (string[])["etcd", "etcdctl", "fleetd", "fleetctl"])
        {
            File.CreateSymbolicLink(Path.Combine(Ensure("usr/bin"), applet), "coreutil");
        }

        await FileAsync("root/.ssh/authorized_keys", await File.ReadAllTextAsync($"{key}.pub"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await FileAsync("root/.ssh/id_rsa", await File.ReadAllTextAsync(key), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(Path.Combine(upper, "root", ".ssh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // No registry of images is reachable: what a container runs, runs without one, under the name the seeds look for. As with docker the code at the end is 2.
        await FileAsync("usr/bin/docker", """
            #!/bin/bash
            case "$1" in
              run)
                mkfifo -m 666 /run/forever 2>/dev/null
                trap 'kill $!; exit 2' TERM
                echo started
                (exec -a /app/paas-monitor cat <>/run/forever) &
                wait $! ;;
              stop) pkill -f "run --rm --name $2 " ;;
            esac

            """, Executable);
        await FileAsync("usr/bin/sudo", "#!/bin/sh\nexec \"$@\"\n", Executable);
        await FileAsync("usr/bin/curl", "#!/bin/sh\nexit 0\n", Executable);
        await WriteSeedsAsync();

        async Task WriteSeedsAsync()
        {
            await FileAsync("root/seeds/seeds.sh", await File.ReadAllTextAsync(Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Fleet", "seeds.sh")), Executable);
            foreach (string file in Directory.GetFiles(Path.Combine(Published.Root, "tests", "Coreutil.FunctionalTests", "Fleet", "seeds-units")))
            {
                await FileAsync($"root/seeds/units/{Path.GetFileName(file)}", await File.ReadAllTextAsync(file));
            }
        }

        async Task UnitAsync(string name, string wantedBy, string text)
        {
            await FileAsync($"etc/systemd/system/{name}", text);
            File.CreateSymbolicLink(Path.Combine(Ensure($"etc/systemd/system/{wantedBy}.wants"), name), $"../{name}");
        }

        async Task FileAsync(string path, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead)
        {
            string file = Path.Combine(Ensure(Path.GetDirectoryName(path)!), Path.GetFileName(path));
            await File.WriteAllTextAsync(file, text);
            File.SetUnixFileMode(file, mode);
        }

        string Ensure(string path) => Directory.CreateDirectory(Path.Combine(upper, path)).FullName;
    }

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
}
