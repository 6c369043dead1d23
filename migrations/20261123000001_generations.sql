-- More than one generation of the read models in a database: the active one stands here, others in schemas of their own.
-- These tables are about all of them. They stay where they are when another generation becomes the active one; the copies of
-- them in the other schemas are empty.

CREATE TABLE projection_generations (
    id          integer     PRIMARY KEY,
    schema_name text        UNIQUE,
    state       text        NOT NULL,
    migration   bigint      NOT NULL,
    began_at    timestamptz NOT NULL,
    built_at    timestamptz,
    sequence    bigint
);
COMMENT ON TABLE projection_generations IS 'The generations of the read models. Before the first rebuild there is one, which is not listed';
COMMENT ON COLUMN projection_generations.schema_name IS 'Where its tables stand; absent for the active one, which stands here';
COMMENT ON COLUMN projection_generations.state IS 'active, previous, building, refused, as_of, replayed or kept';
COMMENT ON COLUMN projection_generations.migration IS 'The last migration of its tables';
COMMENT ON COLUMN projection_generations.sequence IS 'The place in EVENTS up to which it was built';

CREATE TABLE projection_errors (
    stream     text        NOT NULL,
    sequence   bigint      NOT NULL,
    event_id   text        NOT NULL,
    problem    text        NOT NULL,
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (stream, sequence)
);
CREATE INDEX projection_errors_by_time ON projection_errors (noticed_at);
COMMENT ON TABLE projection_errors IS 'What the projector could not read or write lately, and went on without';
