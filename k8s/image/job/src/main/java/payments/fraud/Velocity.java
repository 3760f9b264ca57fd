package payments.fraud;

import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Scores each authorization by what its card did in the 30 minutes before it, to the minute: the minute in which they
 * begin counts as a whole. So the state is at most 31 small entries for each card, however often it is used.
 *
 * <p>Time is the events' own. What is old goes by a timer of event time, not by a time to live, which would count a
 * pause of the job as age and leave the windows empty after it.
 */
public class Velocity extends KeyedProcessFunction<String, Authorization, Score> {

    static final long MINUTE = Duration.ofMinutes(1).toMillis();
    static final long WINDOW = Duration.ofMinutes(30).toMillis();

    private transient MapState<Long, Minute> minutes;

    @Override
    public void open(Configuration configuration) {
        minutes = getRuntimeContext().getMapState(new MapStateDescriptor<>("minutes", Types.LONG, Minute.TYPE));
    }

    @Override
    public void processElement(Authorization in, Context context, Collector<Score> out) throws Exception {
        long start = in.time - Math.floorMod(in.time, MINUTE);
        Minute minute = minutes.get(start);
        if (minute == null) {
            minute = new Minute();
            context.timerService().registerEventTimeTimer(start + WINDOW + MINUTE);
        }
        minute.add(in);
        minutes.put(start, minute);

        Score score = new Score();
        score.eventId = in.eventId;
        score.card = in.card;
        score.time = in.time;
        Set<String> merchants = new HashSet<>();
        for (Map.Entry<Long, Minute> entry : minutes.entries()) {
            // Events come a little out of order: a minute after this one is not of its window.
            if (entry.getKey() >= start - WINDOW && entry.getKey() <= start) {
                score.count += entry.getValue().count;
                score.sum += entry.getValue().sum;
                merchants.addAll(entry.getValue().merchants.keySet());
            }
        }
        score.merchants = merchants.size();
        score.score = Model.score(score);
        out.collect(score);
    }

    /** Drops the minute that has left the window of any event still to come. */
    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Score> out) throws Exception {
        minutes.remove(timestamp - WINDOW - MINUTE);
    }
}
