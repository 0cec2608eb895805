using Coreutil.Fleet.Containers;
using Coreutil.Units.Files;

namespace Coreutil.Tests.Fleet.Containers;

// Which container a unit runs, read off its text. Flags: docker run --help of 20.10 and 28.2, read as pflag reads them.
public sealed class UnitContainerTests
{
    [Theory]
    [InlineData("/usr/bin/docker run --name %p-%i -P mvanholsteijn/paas-monitor:latest", "app-80")]
    [InlineData("/usr/bin/docker run --rm --name app%i -p ${COREOS_PRIVATE_IPV4}:%i:80 tutum/hello-world", "app80")] // the first seed's
    [InlineData("/usr/bin/docker run -P mvanholsteijn/paas-monitor:latest", null)] // Docker makes a name up
    [InlineData("/usr/bin/docker run --name=app-%i image", "app-80")]
    [InlineData("docker run --name one --name two image", "two")] // the last one counts
    [InlineData("docker run image --name mine", null)] // behind the image: the program's own
    [InlineData("docker run --rm -it --name app image", "app")]
    [InlineData("docker run -itp 80:80 --name app image", "app")] // the last of joined letters takes the next word
    [InlineData("docker run -p80:80 -e A=--name -v /a:/b --name app image", "app")]
    [InlineData("docker run -e --name --name app image", "app")] // a value that looks like a flag is a value
    [InlineData("docker run --rm=false --sig-proxy=true --name app image", "app")]
    [InlineData("docker run --privileged --net host --label a=b --init --name app image", "app")]
    [InlineData("docker run --future-option value --name app image", "app")] // no switch we know of: it takes a value
    [InlineData("docker run -- --name app", null)]
    [InlineData("docker run --name", null)]
    [InlineData("docker run --name a image", null)] // Docker wants two characters
    [InlineData("docker run --name -app image", null)]
    [InlineData("docker run --name ../x image", null)]
    [InlineData("docker -D -H unix:///s.sock --tlsverify --config /c run --name app image", "app")]
    [InlineData("docker --host=tcp://h:1 --log-level debug run --name app image", "app")]
    [InlineData("docker container run --name app image", "app")]
    [InlineData("docker create --name app image", "app")]
    [InlineData("docker start -a app", "app")]
    [InlineData("docker start --attach --detach-keys ctrl-x app other", "app")]
    [InlineData("docker start", null)]
    [InlineData("docker stop app", null)]
    [InlineData("docker pull app", null)]
    [InlineData("docker", null)]
    [InlineData("-/opt/bin/docker run --name app image", "app")]
    [InlineData("- /opt/bin/docker run --name app image", "app")] // the blank that the seeds have
    [InlineData("/usr/bin/dockerd --name app", null)]
    [InlineData("/bin/echo docker run --name app image", null)]
    [InlineData("/usr/bin/env FOO=docker /usr/bin/docker run --name app image", "app")]
    [InlineData("/usr/bin/sudo docker run --name app image", "app")]
    [InlineData("/bin/sh -c 'docker run --name %p-%i -P image'", "app-80")]
    [InlineData("/bin/bash -ec \"docker rm -f app; exec docker run --name app image\"", "app")]
    [InlineData("/bin/bash -l -c 'if true; then FOO=1 docker run --name \"app\" image; fi'", "app")]
    [InlineData("/bin/sh -c 'CID=$$(docker run -d --name app image) && docker wait app'", "app")]
    [InlineData("/bin/sh -c 'docker pull image && docker start -a app || exit 1'", "app")]
    [InlineData("/bin/sh -c 'docker run --name app-$$(hostname) image'", null)] // only the shell knows
    [InlineData("/bin/sh -c 'echo \"docker run --name app image\"'", null)]
    [InlineData("/bin/sh script.sh -c 'docker run --name app image'", null)] // the script's own arguments
    [InlineData("docker run --name ${NAME}-%i image", "shop-80")]
    [InlineData("docker run $OPTIONS --name app image", "app")] // a variable of another place brings flags
    [InlineData("docker run --name ${ELSEWHERE} image", null)]
    [InlineData("docker run --name ${NAME}-${ELSEWHERE} image", null)]
    [InlineData("docker run --name $ELSEWHERE image", null)] // and not the image
    [InlineData("docker run -e $ELSEWHERE --name app image", "app")]
    [InlineData("docker run ${IMAGE} --name app", null)] // one word, whatever it holds: the image
    [InlineData("/bin/sh -c 'docker run --name $NAME image'", "shop")] // what systemd leaves, the shell fills in
    [InlineData("/bin/sh -c 'IP=$(hostname -i) docker run -e HOST=$(hostname -f) -e \"B=`id`\" --name app image'", "app")]
    [InlineData("/bin/sh -c 'echo a#b; # docker run --name app image'", null)]
    [InlineData("/bin/bash -o pipefail --login -ec 'docker run --name app image | tee log'", "app")]
    [InlineData("/usr/bin/sudo -E docker run --name app image", "app")]
    [InlineData("/usr/bin/env -i A=b docker run --name app image", "app")]
    [InlineData("docker run -v --name image", null)] // the value of -v
    [InlineData("@/usr/bin/docker shown run --name app image", "app")]
    [InlineData("/bin/sh -c 'docker run -d --name $(docker", null)]
    [InlineData("/bin/sh -c 'echo $(docker run -d --name app image'", "app")] // not closed
    [InlineData(":/usr/bin/docker run --name ${NAME} image", null)] // no substitution
    [InlineData("docker run --name x'y image", null)] // unbalanced: systemd ignores the line
    public void A_command_tells_its_container(string command, string? container)
    {
        Assert.Equal(container, NameOf($"[Service]\nEnvironment=NAME=shop\nExecStart={command}\n"));
    }

    [Theory]
    [InlineData("ExecStartPre=/usr/bin/docker create --name made image\nExecStart=/usr/bin/docker start -a main\n", "main")] // the main command first
    [InlineData("ExecStartPre=/usr/bin/docker run -d --name made image\nExecStart=/usr/bin/docker logs -f made\n", "made")]
    [InlineData("ExecStart=/usr/bin/docker run --name old image\nExecStart=\nExecStart=/bin/sleep 1\n", null)] // an empty assignment starts anew
    [InlineData("ExecStart=/usr/bin/docker pull image ; /usr/bin/docker run --name app image\nType=oneshot\n", "app")]
    [InlineData("ExecStop=/usr/bin/docker run --name app image\n", null)]
    public void The_main_command_goes_before_those_around_it(string lines, string? container)
    {
        Assert.Equal(container, NameOf($"[Service]\n{lines}"));
    }

    // The first seed's sidekick asks docker and etcd about a container that another unit runs.
    [Fact]
    public void A_sidekick_runs_no_container() =>
        Assert.Null(NameOf("[Service]\nExecStart=/bin/sh -c 'while true; do etcdctl set /services/app \"$(docker port app80 80)\" --ttl 60; sleep 45; done'\n"));

    private static string? NameOf(string text) => UnitContainer.NameOf(
        "app@80.service", Assert.IsType<UnitFileResult.Parsed>(UnitFileParser.Parse(text)).File, new() { HostName = "host" });
}
