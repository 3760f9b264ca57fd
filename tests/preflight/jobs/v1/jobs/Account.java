package jobs;

/** State as the running job stores it. */
public class Account {
    public long count;
    public long total;
}
