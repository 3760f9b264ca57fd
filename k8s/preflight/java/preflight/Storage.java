package preflight;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.HighAvailabilityOptions;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.fs.FSDataOutputStream;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.runtime.state.filesystem.AbstractFsCheckpointStorageAccess;

/** Where the job's state lives, seen with the pod's own identity and Flink's own file systems. */
final class Storage {

    private Storage() {}

    /** Writes, reads and deletes one small file below high-availability.storageDir. */
    static void probe(Configuration configuration) {
        String directory = configuration.get(HighAvailabilityOptions.HA_STORAGE_PATH);
        if (directory == null || directory.isEmpty()) {
            return;
        }
        Path file = new Path(directory, "preflight-" + UUID.randomUUID());
        byte[] content = file.getName().getBytes(StandardCharsets.UTF_8);
        String step = "write";
        try {
            FileSystem system = file.getFileSystem();
            try (FSDataOutputStream out = system.create(file, FileSystem.WriteMode.NO_OVERWRITE)) {
                out.write(content);
            }
            step = "read";
            try (FSDataInputStream in = system.open(file)) {
                if (!Arrays.equals(in.readNBytes(content.length + 1), content)) {
                    throw new IOException("not the bytes that were written");
                }
            }
            step = "delete";
            system.delete(file, false);
        } catch (Exception thrown) {
            thrown.printStackTrace();
            throw new Failure(Kind.STORAGE, "cannot " + step + " " + file + ": " + Failure.inOneLine(thrown));
        }
    }

    /** The newest completed checkpoint or savepoint below the configured directories, by the time of its _metadata. */
    static Optional<String> newest(Configuration configuration) {
        List<FileStatus> found = new ArrayList<>();
        for (String directory : new String[] {
            configuration.get(CheckpointingOptions.CHECKPOINTS_DIRECTORY),
            configuration.get(CheckpointingOptions.SAVEPOINT_DIRECTORY)
        }) {
            if (directory == null || directory.isEmpty()) {
                continue;
            }
            try {
                collect(new Path(directory), found);
            } catch (Exception thrown) {
                thrown.printStackTrace();
                throw new Failure(Kind.STORAGE, "cannot list " + directory + ": " + Failure.inOneLine(thrown));
            }
        }
        return found.stream()
                .max(Comparator.comparingLong(FileStatus::getModificationTime)
                        .thenComparingLong(status -> number(status.getPath().getParent().getName())))
                .map(status -> status.getPath().getParent().toString());
    }

    private static void collect(Path directory, List<FileStatus> found) throws IOException {
        FileSystem system = directory.getFileSystem();
        for (FileStatus child : list(system, directory)) {
            String name = child.getPath().getName();
            if (!child.isDir()) {
                continue;
            }
            if (name.startsWith(AbstractFsCheckpointStorageAccess.CHECKPOINT_DIR_PREFIX) || name.startsWith("savepoint-")) {
                for (FileStatus file : list(system, child.getPath())) {
                    if (file.getPath().getName().equals(AbstractFsCheckpointStorageAccess.METADATA_FILE_NAME)) {
                        found.add(file);
                    }
                }
            } else if (name.matches("[0-9a-f]{32}")) { // a job id
                collect(child.getPath(), found);
            }
        }
    }

    private static FileStatus[] list(FileSystem system, Path directory) throws IOException {
        try {
            FileStatus[] children = system.listStatus(directory);
            return children == null ? new FileStatus[0] : children;
        } catch (java.io.FileNotFoundException thrown) {
            return new FileStatus[0];
        }
    }

    /** Within one second, which is S3's resolution, the higher chk- number is the newer. */
    private static long number(String name) {
        return name.matches("chk-[0-9]{1,18}") ? Long.parseLong(name.substring(4)) : 0;
    }
}
