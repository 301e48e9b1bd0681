// Kafka Streams over dateline's plain JSON output: in how many articles each named entity stands, kept up to date in a
// topic of its own. Exactly once: the counts move with the offsets.
//
//   mvn dependency:copy-dependencies -DoutputDirectory=lib
//   java -cp 'lib/*' EntityCounts.java broker-1:9092 articles.enriched articles.entity-counts

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;

public final class EntityCounts {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** "GPE Paris", "ORG European Central Bank": each once an article. */
    private static Iterable<String> entities(byte[] record) {
        TreeSet<String> names = new TreeSet<>();
        try {
            // Absent = not looked for: then there is nothing to go through.
            for (JsonNode entity : JSON.readTree(record).path("entities")) {
                names.add(entity.path("type").asText() + " " + entity.path("name").asText());
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return names;
    }

    public static void main(String[] arguments) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "entity-counts-" + arguments[1]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        // Reads committed records only, and writes its own in transactions.
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("state.dir", "/tmp/entity-counts"));
        settings.put("auto.offset.reset", "earliest");

        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(arguments[1], Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
            .filter((key, record) -> record != null)
            .flatMapValues(EntityCounts::entities)
            .groupBy((key, entity) -> entity, Grouped.with(Serdes.String(), Serdes.String()))
            .count()
            .toStream()
            .to(arguments[2], Produced.with(Serdes.String(), Serdes.Long()));

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
