-- ClickHouse reads dateline's Avro output through the schema registry (`format = "avro"`). Columns are named as the
-- record's fields; what ClickHouse has no column for is left out. The registry's URL is the one that has /schemas/ids.

CREATE TABLE articles
(
    id String,
    headline Nullable(String),
    text String,
    language LowCardinality(String),
    published_at Nullable(String),
    publisher Nullable(String),
    bylines Array(String),
    flags Array(String)
)
ENGINE = ReplacingMergeTree ORDER BY id;

CREATE TABLE articles_queue AS articles
ENGINE = Kafka
SETTINGS kafka_broker_list = 'broker-1:9092',
         kafka_topic_list = 'articles.enriched',
         kafka_group_name = 'clickhouse',
         kafka_format = 'AvroConfluent',
         format_avro_schema_registry_url = 'http://registry.example:8081';

CREATE MATERIALIZED VIEW articles_reader TO articles AS SELECT * FROM articles_queue;
