-- Flink SQL over dateline's plain JSON output: the table of the articles, and one row for each named entity of each article
-- in a topic of its own. Columns are named as the record's fields; what is not named here is passed over.
-- Flink's Kafka client is Java's: without isolation.level it would see what aborted transactions wrote.

CREATE TABLE articles (
    id STRING,
    headline STRING,
    `text` STRING,
    `language` STRING,
    published_at STRING,
    publisher STRING,
    entities ARRAY<ROW<`type` STRING, name STRING, salience DOUBLE, confidence DOUBLE>>,
    topics ARRAY<ROW<code STRING, name STRING, confidence DOUBLE>>,
    flags ARRAY<STRING>,
    kafka_time TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
    WATERMARK FOR kafka_time AS kafka_time - INTERVAL '1' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = 'articles.enriched',
    'properties.bootstrap.servers' = 'broker-1:9092',
    'properties.group.id' = 'flink-articles',
    'properties.isolation.level' = 'read_committed',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'json'
);

CREATE TABLE entities (
    id STRING,
    headline STRING,
    published_at STRING,
    `type` STRING,
    name STRING,
    confidence DOUBLE,
    topic STRING
) WITH (
    'connector' = 'kafka',
    'topic' = 'articles.entities',
    'properties.bootstrap.servers' = 'broker-1:9092',
    'key.format' = 'raw',
    'key.fields' = 'id',
    'format' = 'json'
);

INSERT INTO entities
SELECT id, headline, published_at, e.`type`, e.name, e.confidence, topics[1].code
FROM articles LEFT JOIN UNNEST(entities) AS e (`type`, name, salience, confidence) ON TRUE;
