package jobs;

/** A field's type changed: what v1 stored cannot be read as this. */
public class Account {
    public long count;
    public String total;
}
