package payments.kafka;

import java.io.IOException;
import java.time.Duration;

final class Wait {

    /** Long, for machines that are busy with other things. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private Wait() {}

    interface Condition {
        boolean holds() throws Exception;
    }

    /** @throws IllegalStateException names what did not come within the limit. */
    static void until(String what, Condition condition) throws Exception {
        long end = System.nanoTime() + LIMIT.toNanos();
        IOException last = null;
        while (System.nanoTime() < end) {
            try {
                if (condition.holds()) {
                    return;
                }
                last = null;
            } catch (IOException e) { // not up yet
                last = e;
            }
            Thread.sleep(200);
        }
        throw new IllegalStateException("waited " + LIMIT.toSeconds() + " s for " + what, last);
    }
}
