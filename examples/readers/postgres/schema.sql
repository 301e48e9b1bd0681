-- One row an article, and how far each partition was read. Both are written in one transaction, so that each record
-- counts once, whatever ends the reader.

CREATE TABLE IF NOT EXISTS articles (
    id text PRIMARY KEY,
    record jsonb NOT NULL,
    headline text GENERATED ALWAYS AS (record ->> 'headline') STORED,
    language text GENERATED ALWAYS AS (record ->> 'language') STORED,
    published_at text GENERATED ALWAYS AS (record ->> 'published_at') STORED
);
CREATE INDEX IF NOT EXISTS articles_topics ON articles USING gin ((record -> 'topics') jsonb_path_ops);
CREATE INDEX IF NOT EXISTS articles_entities ON articles USING gin ((record -> 'entities') jsonb_path_ops);

CREATE TABLE IF NOT EXISTS positions (
    topic text,
    partition int,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
