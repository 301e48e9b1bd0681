// Runs the statements of a file by Flink in this process, as its SQL client would, and stays with those that never end.
//
//   mvn dependency:copy-dependencies -DoutputDirectory=lib
//   java --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
//        -cp 'lib/*' RunSql.java articles.sql

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

public final class RunSql {
    public static void main(String[] arguments) throws Exception {
        TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
        String text = Files.readString(Path.of(arguments[0])).replaceAll("(?m)^--.*$", "");
        for (String statement : text.split(";")) {
            if (!statement.isBlank()) {
                flink.executeSql(statement).await();
            }
        }
    }
}
