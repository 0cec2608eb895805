using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

public sealed class UnitNameTests
{
    // fleet's checks in the order in which they refuse.
    [Theory]
    [InlineData("", "unit name cannot be empty")]
    [InlineData("hello", "unit name must contain \".\"")]
    [InlineData("hello.", "unit name cannot end in \".\"")]
    [InlineData("hel lo.x", "invalid unit type: \"x\"")]
    [InlineData("a b@1.mount", "invalid unit type for template: \"mount\"")]
    [InlineData("@a b.service", "invalid character ' ' in unit name")]
    [InlineData("a😀.service", "invalid character '😀' in unit name")]
    [InlineData("@1.service", "unit name cannot start in \"@\"")]
    public void A_bad_name_is_refused_in_the_words_of_fleet(string name, string refusal) => Assert.Equal(refusal, UnitName.Refusal(name));

    [Theory]
    [InlineData("hello.service")]
    [InlineData("a:b_c.d\\x2d-e@1.timer")]
    public void A_good_name_is_not_refused(string name) => Assert.Null(UnitName.Refusal(name));

    // The limit counts bytes, as the original's len() does.
    [Theory]
    [InlineData(248, null)]
    [InlineData(249, "unit name exceeds maximum length (256)")]
    public void The_length_is_limited_to_256_bytes(int stem, string? refusal) => Assert.Equal(refusal, UnitName.Refusal(new string('a', stem) + ".service"));

    [Theory]
    [InlineData("hello", "hello.service")]
    [InlineData("hello.timer", "hello.timer")]
    [InlineData("hello.world", "hello.world.service")]
    [InlineData("units/hello.service", "hello.service")]
    [InlineData("dir/", "dir.service")]
    public void An_argument_becomes_a_name(string argument, string name) => Assert.Equal(name, UnitName.Mangle(argument));

    // systemd.unit(5), SPECIFIERS %p and %i: from the first @ to the last dot.
    [Theory]
    [InlineData("app@80.service", "app", "80", "app@.service")]
    [InlineData("app@a@b.c.service", "app", "a@b.c", "app@.service")]
    [InlineData("app@.service", "app", "", null)]
    [InlineData("app.service", "app", "", null)]
    public void A_name_has_its_parts(string name, string prefix, string instance, string? template)
    {
        Assert.Equal(prefix, UnitName.Prefix(name));
        Assert.Equal(instance, UnitName.Instance(name));
        Assert.Equal(template, UnitName.Template(name));
    }

    // systemd-escape --unescape.
    [Theory]
    [InlineData("a-b\\x2dc", "a/b-c")]
    [InlineData("\\xc3\\xa9", "é")]
    [InlineData("x😀-y", "x😀/y")]
    [InlineData("\\x2", "\\x2")]
    public void Escaping_is_undone(string escaped, string plain) => Assert.Equal(plain, UnitName.Unescape(escaped));
}
