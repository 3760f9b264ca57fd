package preflight;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.runtime.jobgraph.OperatorID;

/**
 * Matches every operator's state with the new graph by the rules of a restore: Checkpoints.loadAndValidateCheckpoint
 * (operator ids, max parallelism), StateAssignmentOperation (parallelism) and the keyed backends (serializers).
 */
final class StateMatch {
    private final Program program;
    private final boolean allowNonRestoredState;
    private final List<GraphOperator> operators;
    private final Map<OperatorID, GraphOperator> byId = new HashMap<>();
    private final ExecutionConfig executionConfig;

    StateMatch(Program program, boolean allowNonRestoredState) throws Exception {
        this.program = program;
        this.allowNonRestoredState = allowNonRestoredState;
        this.operators = GraphOperator.of(program);
        this.executionConfig = program.graph.getSerializedExecutionConfig().deserializeValue(program.classLoader);
        for (GraphOperator operator : operators) {
            byId.put(operator.ids.getGeneratedOperatorID(), operator);
            operator.ids.getUserDefinedOperatorID().ifPresent(id -> byId.put(id, operator));
        }
    }

    /** Puts the operators of the snapshot at path, or of none where it is empty, and the verdict into the result. */
    void compare(String path, Result result) {
        result.snapshot = path;
        result.operators.clear();
        result.fail(Kind.PASSED, "", List.of());
        try {
            compare(path.isEmpty() ? List.of() : Snapshot.read(path, program.classLoader), result);
        } catch (Failure failure) {
            result.fail(failure.kind, failure.getMessage(), failure.details);
        }
    }

    private void compare(Iterable<OperatorState> states, Result result) {
        List<Result.Operator> gone = new ArrayList<>();
        Map<GraphOperator, Result.Operator> lines = new HashMap<>();
        for (OperatorState state : states) {
            GraphOperator operator = byId.get(state.getOperatorID());
            if (operator != null) {
                lines.put(operator, continued(state, operator));
            } else if (hasState(state)) {
                gone.add(gone(state));
            }
        }
        for (GraphOperator operator : operators) {
            Result.Operator line = lines.computeIfAbsent(operator, StateMatch::fresh);
            result.operators.add(line);
        }
        result.operators.addAll(gone);
        judge(result);
    }

    private Result.Operator continued(OperatorState state, GraphOperator operator) {
        Result.Operator line = line(operator, "continues");
        line.bytes = state.getStateSize();
        List<String> notes = new ArrayList<>();
        try {
            StoredStates stored = StoredStates.read(state, program.classLoader);
            line.states = new ArrayList<>(stored.names);
            notes.addAll(new StateTypes(operator, stored, executionConfig, program.classLoader).incompatible());
        } catch (Failure failure) {
            throw failure; // of the storage: nothing about this operator
        } catch (Exception | LinkageError thrown) {
            thrown.printStackTrace();
            notes.add("the new job cannot read what is stored: " + Failure.inOneLine(thrown));
        }
        line.verdict = notes.isEmpty() ? line.verdict : "incompatible";
        String wrong = parallelism(state, operator.vertex);
        if (!wrong.isEmpty()) {
            line.verdict = notes.isEmpty() ? "max-parallelism" : line.verdict;
            notes.add(wrong);
        }
        line.note = String.join("; ", notes);
        return line;
    }

    private Result.Operator gone(OperatorState state) {
        Result.Operator line = new Result.Operator();
        line.id = state.getOperatorID().toString();
        line.name = Versions.nameOf(state);
        if (line.name.isEmpty()) {
            line.name = "operator " + line.id;
        }
        line.verdict = allowNonRestoredState ? "dropped" : "lost";
        line.bytes = state.getStateSize();
        try {
            line.states = new ArrayList<>(StoredStates.read(state, program.classLoader).names);
        } catch (Exception | LinkageError thrown) {
            line.note = "names of its states unknown: " + Failure.inOneLine(thrown);
        }
        return line;
    }

    private static Result.Operator fresh(GraphOperator operator) {
        return line(operator, "new");
    }

    private static Result.Operator line(GraphOperator operator, String verdict) {
        Result.Operator line = new Result.Operator();
        line.name = operator.name();
        line.id = operator.ids.getUserDefinedOperatorID().orElse(operator.ids.getGeneratedOperatorID()).toString();
        line.verdict = verdict;
        return line;
    }

    /** Checkpoints.loadAndValidateCheckpoint counts a coordinator's state and any subtask's. */
    private static boolean hasState(OperatorState state) {
        return state.getCoordinatorState() != null || state.getStates().stream().anyMatch(subtask -> subtask.hasState());
    }

    /** A max parallelism that the job sets must be the state's; one that Flink chooses follows the state. */
    private String parallelism(OperatorState state, JobVertex vertex) {
        int stored = state.getMaxParallelism();
        int asked = vertex.getMaxParallelism();
        if (asked != JobVertex.MAX_PARALLELISM_DEFAULT && asked != stored) {
            return "max parallelism is " + asked + ", the state was written with " + stored;
        }
        int parallelism = vertex.getParallelism() > 0 ? vertex.getParallelism() : program.parallelism;
        return parallelism > stored ? "parallelism " + parallelism + " is above the state's max parallelism " + stored : "";
    }

    private static void judge(Result result) {
        List<Result.Operator> wrong = result.operators.stream()
                .filter(line -> Set.of("lost", "incompatible", "max-parallelism").contains(line.verdict))
                .sorted((a, b) -> a.order() - b.order())
                .collect(Collectors.toList());
        if (wrong.isEmpty()) {
            return;
        }
        List<String> details = wrong.stream().map(line -> describe(line, result)).collect(Collectors.toList());
        Kind kind = Kind.MAX_PARALLELISM;
        switch (wrong.get(0).verdict) {
            case "lost":
                kind = Kind.STATE_LOST;
                break;
            case "incompatible":
                kind = Kind.STATE_INCOMPATIBLE;
                break;
            default:
        }
        result.fail(kind, details.get(0), details);
    }

    private static String describe(Result.Operator line, Result result) {
        if (!line.verdict.equals("lost")) {
            return line.name + ": " + line.note;
        }
        String fresh = result.operators.stream().filter(other -> other.verdict.equals("new"))
                .map(other -> other.name).collect(Collectors.joining(", "));
        return Result.size(line.bytes) + " of state of " + line.name
                + (line.states.isEmpty() ? "" : " (" + String.join(", ", line.states) + ")")
                + " would be lost: no operator of the new job has this id"
                + (fresh.isEmpty() ? "" : "; operators without stored state: " + fresh);
    }
}
