package jobs;

import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Keyed state of both kinds of descriptor: one that is a field, one that is made when the operator runs. */
public class Sum<K> extends KeyedProcessFunction<K, Long, Long> implements CheckpointedFunction {
    private final ValueStateDescriptor<?> last;

    public Sum(ValueStateDescriptor<?> last) {
        this.last = last;
    }

    @Override
    public void processElement(Long value, Context context, Collector<Long> out) throws Exception {
        ValueState<Account> accounts =
                getRuntimeContext().getState(new ValueStateDescriptor<>("account", Account.class));
        Account account = accounts.value() == null ? new Account() : accounts.value();
        account.count++;
        account.total = String.valueOf(value);
        accounts.update(account);
        update(getRuntimeContext().getState(last), value);
    }

    @SuppressWarnings("unchecked")
    private static <T> void update(ValueState<T> state, Long value) throws Exception {
        state.update((T) value);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        context.getOperatorStateStore().getListState(new ListStateDescriptor<>("offsets", Long.class)).add(1L);
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}
}
