package jobs;

import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A stateful job; each argument changes one thing about it. */
public final class Job {

    private Job() {}

    public static void main(String[] args) throws Exception {
        List<String> changes = List.of(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        build(env, changes);
        env.execute("job");
    }

    static void build(StreamExecutionEnvironment env, List<String> changes) throws Exception {
        for (String change : changes) {
            if (change.equals("throw")) {
                throw new IllegalStateException("the rules file is missing");
            } else if (change.equals("exit")) {
                System.exit(3);
            } else if (change.equals("hang")) {
                Thread.sleep(600_000);
            } else if (change.startsWith("parallelism=")) {
                env.setParallelism(Integer.parseInt(change.substring("parallelism=".length())));
            } else if (change.startsWith("max-parallelism=")) {
                env.setMaxParallelism(Integer.parseInt(change.substring("max-parallelism=".length())));
            }
        }
        SingleOutputStreamOperator<Long> numbers = env
                .fromSource(new NumberSequenceSource(0, Long.MAX_VALUE - 1), WatermarkStrategy.noWatermarks(), "numbers")
                .uid("numbers");
        if (!changes.contains("without-stateless")) {
            numbers = numbers.map(Job::slowly).returns(Types.LONG).name("slowly").uid("slowly");
        }
        if (changes.contains("added")) {
            numbers = numbers.keyBy(value -> value % 8).reduce(Long::sum).name("added").uid("added");
        }
        if (changes.contains("without-sum")) {
            numbers.filter(value -> false).name("none").uid("none").print().name("out").uid("out");
            return;
        }
        String uid = changes.contains("renamed") ? "sum-v2" : "sum";
        boolean text = changes.contains("key-type");
        ValueStateDescriptor<?> last = changes.contains("state-type")
                ? new ValueStateDescriptor<>("last", Types.STRING) : new ValueStateDescriptor<>("last", Types.LONG);
        SingleOutputStreamOperator<Long> sums = text
                ? numbers.keyBy(value -> String.valueOf(value % 8), Types.STRING).process(new Sum<String>(last))
                : numbers.keyBy(value -> value % 8, Types.LONG).process(new Sum<Long>(last));
        sums.returns(Types.LONG).name("sum").uid(uid).print().name("out").uid("out");
    }

    private static long slowly(Long value) throws InterruptedException {
        Thread.sleep(1);
        return value;
    }
}
