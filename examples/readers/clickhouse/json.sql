-- ClickHouse reads dateline's plain JSON output (no schema registry): a Kafka table, the table that keeps the articles,
-- and the view that moves them. Doubles (at-least-once, or ClickHouse's own retries) collapse by id: the newest stays.
-- The client is librdkafka, whose isolation.level is read_committed by default.

CREATE TABLE articles
(
    id String,
    headline Nullable(String),
    text String,
    language LowCardinality(String),
    published_at Nullable(String),
    publisher Nullable(String),
    entities Array(Tuple(type LowCardinality(String), name String, salience Float64, confidence Float64)),
    topics Array(Tuple(code String, name String, confidence Float64)),
    processed_at Nullable(DateTime64(3))
)
ENGINE = ReplacingMergeTree ORDER BY id;

CREATE TABLE articles_queue (record String)
ENGINE = Kafka
SETTINGS kafka_broker_list = 'broker-1:9092',
         kafka_topic_list = 'articles.enriched',
         kafka_group_name = 'clickhouse',
         kafka_format = 'JSONAsString';

CREATE MATERIALIZED VIEW articles_reader TO articles AS
SELECT
    JSONExtractString(record, 'id') AS id,
    JSONExtract(record, 'headline', 'Nullable(String)') AS headline,
    JSONExtractString(record, 'text') AS text,
    JSONExtractString(record, 'language') AS language,
    JSONExtract(record, 'published_at', 'Nullable(String)') AS published_at,
    JSONExtract(record, 'publisher', 'Nullable(String)') AS publisher,
    JSONExtract(record, 'entities',
        'Array(Tuple(type LowCardinality(String), name String, salience Float64, confidence Float64))') AS entities,
    JSONExtract(record, 'topics', 'Array(Tuple(code String, name String, confidence Float64))') AS topics,
    parseDateTime64BestEffortOrNull(JSONExtractString(record, 'provenance', 'processed_at'), 3, 'UTC') AS processed_at
FROM articles_queue;
