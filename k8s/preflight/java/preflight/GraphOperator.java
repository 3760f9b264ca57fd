package preflight;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.OperatorIDPair;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.streaming.api.graph.StreamConfig;

/** An operator of the new job graph. */
final class GraphOperator {
    final JobVertex vertex;
    final OperatorIDPair ids;
    /** Null for what is not a stream operator. */
    final StreamConfig config;

    private GraphOperator(JobVertex vertex, OperatorIDPair ids, StreamConfig config) {
        this.vertex = vertex;
        this.ids = ids;
        this.config = config;
    }

    String name() {
        return config == null || config.getOperatorName() == null ? vertex.getName() : config.getOperatorName();
    }

    /** All operators of the graph, chained ones too, from the sources on. */
    static List<GraphOperator> of(Program program) {
        List<GraphOperator> operators = new ArrayList<>();
        for (JobVertex vertex : program.graph.getVerticesSortedTopologicallyFromSources()) {
            Map<OperatorID, StreamConfig> configs = new HashMap<>();
            new StreamConfig(vertex.getConfiguration())
                    .getTransitiveChainedTaskConfigsWithSelf(program.classLoader)
                    .values()
                    .forEach(config -> configs.put(config.getOperatorID(), config));
            List<OperatorIDPair> ids = vertex.getOperatorIDs();
            for (int at = ids.size() - 1; at >= 0; at--) { // a chain lists its head last
                operators.add(new GraphOperator(vertex, ids.get(at), configs.get(ids.get(at).getGeneratedOperatorID())));
            }
        }
        return operators;
    }
}
