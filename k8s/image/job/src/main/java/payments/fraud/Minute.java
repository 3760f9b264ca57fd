package payments.fraud;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;

/**
 * What a card did in one minute: the state of the job. Flink keeps it field by field, so a field can be added or
 * taken out in a later version and the savepoints of before are still read; a field's type can never change.
 */
public class Minute {

    public long count;
    public long sum;

    /** Since 1.4.0: how often the card was used at each merchant. Empty in the minutes of older savepoints. */
    public Map<String, Integer> merchants = new HashMap<>();

    /** Written out: a type that Flink had to guess would be kept by Kryo, which no later version could change. */
    static final TypeInformation<Minute> TYPE =
            Types.POJO(
                    Minute.class,
                    Map.of(
                            "count", Types.LONG,
                            "sum", Types.LONG,
                            "merchants", Types.MAP(Types.STRING, Types.INT)));

    void add(Authorization authorization) {
        count++;
        sum += authorization.amount;
        merchants.merge(authorization.merchant, 1, Integer::sum);
    }
}
