package payments.fraud;

/** One card authorization, as the input topic holds it in JSON. Fields that are not named here are left alone. */
public class Authorization {

    /** The producer's id of the event: the same when it sends the event again. */
    public String eventId;

    /** The card's token, never its number. */
    public String card;

    public String merchant;

    /** In minor units of the card's currency, such as cents. */
    public long amount;

    /** When the card was used, in milliseconds since 1970. */
    public long time;
}
