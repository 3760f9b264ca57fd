package payments.fraud;

/** Stands for the fraud team's model: the more of each feature, the nearer to 1. */
final class Model {

    private Model() {}

    static double score(Score features) {
        return Math.max(
                part(features.count, 20), Math.max(part(features.sum, 500_000), part(features.merchants, 10)));
    }

    /** From 0 to 1: 0.5 where the value is usual, as the scale says. */
    private static double part(long value, long scale) {
        return value <= 0 ? 0 : (double) value / (value + scale);
    }
}
