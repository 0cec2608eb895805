using Coreutil.Etcd.Server.Consensus;
using Coreutil.Etcd.Server.Store;

namespace Coreutil.Tests.Etcd.Server.Consensus;

public sealed class StoreCommandCodecTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_command_comes_as_it_went()
    {
        var command = new StoreCommand(StoreAction.CompareAndSwap, "/a/\udcff", _now)
        {
            Value = "v",
            PrevValue = "p",
            PrevIndex = 7,
            IsRefresh = true,
            Deadline = _now.AddSeconds(9),
            Space = StoreSpace.Auth,
        };

        var (origin, read) = StoreCommandCodec.Decode(StoreCommandCodec.Encode(new RequestOrigin(5, 6), command));

        Assert.Equal(new RequestOrigin(5, 6), origin);
        Assert.Equal(command, read);
    }

    // The leader's clock says when a key expires, however late or early the member's is that took the request.
    [Fact]
    public void The_leaders_time_takes_the_place_of_the_proposers_and_the_TTL_stays()
    {
        byte[] payload = StoreCommandCodec.Encode(default, new StoreCommand(StoreAction.Set, "/a", _now) { Deadline = _now.AddSeconds(9) });

        var (_, stamped) = StoreCommandCodec.Decode(StoreCommandCodec.Stamp(payload, _now.AddHours(1)));

        Assert.Equal((_now.AddHours(1), _now.AddHours(1).AddSeconds(9)), (stamped.Now, stamped.Deadline!.Value));
    }

    [Fact]
    public void What_is_no_command_is_not_touched() => Assert.Equal([1, 2, 3], StoreCommandCodec.Stamp(new byte[] { 1, 2, 3 }, _now).ToArray());
}
