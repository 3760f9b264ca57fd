package preflight;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.Collection;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.state.CompletedCheckpointStorageLocation;
import org.apache.flink.runtime.state.StreamStateHandle;
import org.apache.flink.runtime.state.filesystem.AbstractFsCheckpointStorageAccess;

/** A savepoint's or checkpoint's _metadata, found and read by Flink's own code. */
final class Snapshot {

    private Snapshot() {}

    static void mustExist(String path) {
        resolve(path);
    }

    static boolean exists(String path) {
        try {
            resolve(path);
            return true;
        } catch (Failure thrown) {
            return thrown.kind != Kind.SNAPSHOT_MISSING;
        }
    }

    static Collection<OperatorState> read(String path, ClassLoader classLoader) {
        CompletedCheckpointStorageLocation location = resolve(path);
        StreamStateHandle handle = location.getMetadataHandle();
        byte[] metadata;
        try (InputStream in = handle.openInputStream()) {
            metadata = in.readAllBytes();
        } catch (FileNotFoundException thrown) {
            throw new Failure(Kind.SNAPSHOT_MISSING, "the _metadata of " + path + " is gone");
        } catch (IOException thrown) {
            thrown.printStackTrace();
            throw new Failure(Kind.STORAGE, "cannot read the _metadata of " + path + ": " + Failure.inOneLine(thrown));
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(metadata))) {
            return Checkpoints.loadCheckpointMetadata(in, classLoader, location.getExternalPointer()).getOperatorStates();
        } catch (Throwable thrown) { // damaged lengths end in OutOfMemoryError and the like
            thrown.printStackTrace();
            throw new Failure(Kind.SNAPSHOT_UNREADABLE, "the _metadata of " + path + " is damaged: " + Failure.inOneLine(thrown));
        }
    }

    /** Opens a state file up to its first byte, so that what the storage refuses is told apart from what is stored. */
    static InputStream open(StreamStateHandle file) {
        try {
            PushbackInputStream in = new PushbackInputStream(file.openInputStream());
            int first = in.read();
            if (first >= 0) {
                in.unread(first);
            }
            return in;
        } catch (FileNotFoundException thrown) {
            throw new Failure(Kind.SNAPSHOT_UNREADABLE, "a state file is missing: " + Failure.inOneLine(thrown));
        } catch (IOException thrown) {
            thrown.printStackTrace();
            throw new Failure(Kind.STORAGE, "cannot read a state file: " + Failure.inOneLine(thrown));
        }
    }

    private static CompletedCheckpointStorageLocation resolve(String path) {
        try {
            return AbstractFsCheckpointStorageAccess.resolveCheckpointPointer(path);
        } catch (FileNotFoundException thrown) {
            throw new Failure(Kind.SNAPSHOT_MISSING, "there is no savepoint or checkpoint at " + path);
        } catch (IOException | RuntimeException thrown) {
            thrown.printStackTrace();
            throw new Failure(Kind.STORAGE, "cannot read " + path + ": " + Failure.inOneLine(thrown));
        }
    }
}
