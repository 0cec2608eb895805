using Coreutil.Fleet.Api;

namespace Coreutil.Tests.Fleet.Api;

// Pagination (reference: fleet §c).
public sealed class PageTokenTests
{
    [Fact]
    public void The_second_page_of_a_hundred_has_the_originals_token()
    {
        Assert.Equal("ZAACAA==", new PageToken(100, 2).ToString());
        Assert.Equal((new PageToken(100, 2), null), PageToken.Parse("ZAACAA==", 100));
    }

    [Theory]
    [InlineData("!", "illegal base64 data at input byte 0")]
    [InlineData("ZA!CAA==", "illegal base64 data at input byte 2")]
    [InlineData("ZAAAAA==", "token page must be greater than zero")]
    [InlineData("ZQABAA==", "token limit must be 100")]
    public void A_token_of_another_maker_is_refused(string text, string refusal)
    {
        Assert.Equal(refusal, PageToken.Parse(text, 100).Refusal);
    }

    [Theory]
    [InlineData(3, 1, 2, true)]
    [InlineData(3, 2, 1, false)]
    [InlineData(4, 2, 2, true)] // the original offers an empty last page
    [InlineData(4, 3, 0, false)]
    public void A_full_page_has_a_successor(int count, int page, int taken, bool hasNext)
    {
        var (items, next) = new PageToken(2, page).Take(Enumerable.Range(0, count));

        Assert.Equal(taken, items.Count);
        Assert.Equal(hasNext, next is not null);
    }
}
