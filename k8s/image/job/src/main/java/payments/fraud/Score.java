package payments.fraud;

/** What is known of an authorization's card in the window that ends with it, as the output topic holds it in JSON. */
public class Score {

    /** Of the authorization. After a rollback a score is written again: whoever reads drops doubles by this id. */
    public String eventId;

    public String card;

    /** Of the authorization, in milliseconds since 1970; the record's timestamp too. */
    public long time;

    /** Authorizations in the window, this one among them. */
    public long count;

    /** Of their amounts, in minor units. */
    public long sum;

    /** Merchants in the window, each once. */
    public long merchants;

    /** From 0, nothing unusual, to 1. */
    public double score;
}
