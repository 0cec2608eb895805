using System.Globalization;

namespace Coreutil.FunctionalTests;

/// <summary>Listening sockets passed on as a service manager does, sd_listen_fds(3); perl, which every Debian has, stands in for it.</summary>
internal static class SocketActivation
{
    public const string Program = "/usr/bin/perl";

    private const string Script =
        """
        use Socket; require POSIX; $^F = 20; my ($ports, @command) = @ARGV; my ($fd, @all) = (3);
        for my $port (split /,/, $ports) {
          socket(my $s, PF_INET, SOCK_STREAM, 0) or die; setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
          bind($s, sockaddr_in($port, INADDR_LOOPBACK)) or die "bind: $!"; listen($s, 128) or die;
          POSIX::dup2(fileno($s), $fd) == $fd or die if fileno($s) != $fd; push @all, $s; $fd++;
        }
        $ENV{LISTEN_FDS} = scalar @all; $ENV{LISTEN_PID} = $$; exec @command or die;
        """;

    public static void SkipUnlessPossible() => Assert.SkipUnless(File.Exists(Program), "perl is not installed here");

    /// <param name="ports">On the loopback interface, in the order of the descriptors.</param>
    /// <param name="command">What gets them.</param>
    public static string[] Arguments(int[] ports, params string[] command) =>
        ["-e", Script, string.Join(',', ports.Select(port => port.ToString(CultureInfo.InvariantCulture))), .. command];
}
