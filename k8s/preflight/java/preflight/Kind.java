package preflight;

/** What a result says, and the exit code that says the same. */
enum Kind {
    PASSED("passed", 0),
    /** The check itself failed. 1 is also what a JVM that does not start exits with. */
    INTERNAL("internal", 1),
    CONFIGURATION("configuration", 10),
    SECRET("secret", 11),
    STORAGE("storage", 12),
    PROGRAM("program", 13),
    TIMEOUT("timeout", 14),
    SNAPSHOT_MISSING("snapshot-missing", 15),
    SNAPSHOT_UNREADABLE("snapshot-unreadable", 16),
    STATE_LOST("state-lost", 17),
    STATE_INCOMPATIBLE("state-incompatible", 18),
    MAX_PARALLELISM("max-parallelism", 19);

    final String name;
    final int exitCode;

    Kind(String name, int exitCode) {
        this.name = name;
        this.exitCode = exitCode;
    }
}
