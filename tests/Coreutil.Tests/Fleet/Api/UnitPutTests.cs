using System.Collections.Immutable;
using Coreutil.Fleet.Api;
using Coreutil.Fleet.Jobs;
using Coreutil.Units.Files;

namespace Coreutil.Tests.Fleet.Api;

// PUT /fleet/v1/units/NAME (reference: fleet §c).
public sealed class UnitPutTests
{
    private static readonly ImmutableArray<UnitOption> _options = [new("Service", "ExecStart", "/bin/false")];

    [Theory]
    [InlineData("a.service", "b.service", "inactive", true, 400, "name in URL \"a.service\" differs from unit name in request body \"b.service\"")]
    [InlineData("a", null, "inactive", true, 400, "unit name must contain \".\"")]
    [InlineData("a.service", null, "bogus", true, 400, "invalid desired state \"bogus\": expect inactive, loaded or launched")]
    [InlineData("a.service", null, "loaded", false, 409, "unit does not exist and options field empty")]
    [InlineData("a@.service", null, "launched", true, 400, "cannot activate template \"a@.service\"")]
    public void A_bad_unit_is_refused(string url, string? body, string state, bool hasOptions, int status, string message)
    {
        Assert.Null(UnitsHandler.Judge(url, new(body, state, hasOptions ? _options : []), existing: null, out var refusal));
        Assert.Equal(new Refusal(status, message), refusal);
    }

    [Fact]
    public void A_new_unit_is_known_by_the_hash_of_its_normalised_text()
    {
        var change = UnitsHandler.Judge("a.service", new(null, "loaded", _options), existing: null, out _);

        Assert.Equal(new(new("1fa41b061074d257bdf3919173a792fc879013f5", "[Service]\nExecStart=/bin/false\n"), TargetState.Loaded), change);
    }

    [Fact]
    public void The_same_options_again_change_the_state_only_and_need_one()
    {
        var existing = UnitsHandler.Judge("a.service", new(null, "loaded", _options), existing: null, out _)!;
        var job = Fleets.Job("a.service") with { Unit = existing.Unit! };

        Assert.Equal(new(null, TargetState.Launched), UnitsHandler.Judge("a.service", new(null, "launched", _options), job, out _));
        Assert.Null(UnitsHandler.Judge("a.service", new(null, null, []), job, out var refusal));
        Assert.Equal(new(409, "must provide DesiredState to update existing unit"), refusal);
    }
}
