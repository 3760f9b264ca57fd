package preflight;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

/** The files that the job reads its credentials from. Their content is never kept or printed. */
final class SecretFiles {

    private SecretFiles() {}

    static void check(List<String> files) {
        List<String> wrong = new ArrayList<>();
        for (String file : files) {
            try {
                if (Files.readAllBytes(Paths.get(file)).length == 0) {
                    wrong.add(file + " is empty");
                }
            } catch (IOException thrown) {
                wrong.add(file + " cannot be read: " + thrown.getClass().getSimpleName());
            }
        }
        if (!wrong.isEmpty()) {
            throw new Failure(Kind.SECRET, wrong.get(0), wrong);
        }
    }
}
