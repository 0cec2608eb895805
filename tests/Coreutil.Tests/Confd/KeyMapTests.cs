using Coreutil.Confd;
using Coreutil.Confd.Backends;
using Coreutil.Confd.Watching;

namespace Coreutil.Tests.Confd;

public sealed class KeyMapTests
{
    private static readonly KeyValuePair<string, string>[] _pairs = [new("/top", "1"), new("/a/b", "2"), new("/a/c/d", "3"), new("/a/c", "4")];

    // confd.md §5: names of leaves and directories, sorted and unique; "/" lists top-level leaves only.
    [Theory]
    [InlineData("/", "top")]
    [InlineData("/a", "b c")]
    [InlineData("/a/", "b c")]
    [InlineData("/a/b", "b")]
    [InlineData("a", "")]
    [InlineData("/none", "")]
    public void List_names_the_children(string directory, string expected) =>
        Assert.Equal(expected, string.Join(' ', KeyMap.Create(_pairs, "/").List(directory)));

    // confd.md §5: the glob must match the whole key, and no star crosses a slash.
    [Theory]
    [InlineData("/a/*", "/a/b /a/c")]
    [InlineData("/*/*/*", "/a/c/d")]
    [InlineData("/[^a]*", "/top")]
    [InlineData("/t?p", "/top")]
    [InlineData("/x/*", "")]
    public void Match_globs_whole_keys(string pattern, string expected) =>
        Assert.Equal(expected, string.Join(' ', KeyMap.Create(_pairs, "/").Match(pattern).Select(pair => pair.Key)));

    // confd.md §5: the prefix is cut off as text.
    [Fact]
    public void The_prefix_is_not_seen() => Assert.True(KeyMap.Create([new("/prod/key", "v")], "/prod").Contains("/key"));

    // Issue: no false wake for /svc/ab, but for what is below or above a key.
    [Theory]
    [InlineData("/svc/a", true)]
    [InlineData("/svc/a/x", true)]
    [InlineData("/svc", true)]
    [InlineData("/svc/ab", false)]
    public void A_change_concerns_the_keys_on_its_path(string changed, bool concerns) =>
        Assert.Equal(concerns, new BackendChange(changed).Concerns(["/svc/a"]));

    [Theory]
    [InlineData("/a/b|/a/c", "/a")]
    [InlineData("/a/b|/c", "/")]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/ab|/a", "/")]
    public void One_watch_covers_the_common_directory(string keys, string expected) =>
        Assert.Equal(expected, WatchSession.CommonDirectory([.. keys.Split('|')]));
}
