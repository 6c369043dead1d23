-- An integration is known from the first attempt to authorize it on, with its health; and there are audit records.
--
-- Only additions, and columns that may be absent now, so that an older build goes on writing its own columns.

ALTER TABLE integrations
    ALTER COLUMN account_id DROP NOT NULL,
    ALTER COLUMN account_name DROP NOT NULL,
    ALTER COLUMN authorized_at DROP NOT NULL,
    ADD COLUMN open_attempts   jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN attempt         uuid,
    ADD COLUMN pending_until   timestamptz,
    ADD COLUMN requested_by    text,
    ADD COLUMN attempt_failure text,
    ADD COLUMN synchronized_at timestamptz;
COMMENT ON TABLE integrations IS 'The connection of an organization to one external system, from the first attempt to authorize it on';
COMMENT ON COLUMN integrations.state IS 'not_started, active, degraded, suspended or disconnected; not_started and disconnected read as pending until pending_until';
COMMENT ON COLUMN integrations.reason IS 'Why it is degraded, suspended or disconnected';
COMMENT ON COLUMN integrations.account_id IS 'Absent until the integration is first authorized, as account_name and authorized_at';
COMMENT ON COLUMN integrations.open_attempts IS 'The attempts to authorize it that have neither failed nor led to something, expired ones included, in the order of their start';
COMMENT ON COLUMN integrations.attempt IS 'The one of open_attempts that expires last';
COMMENT ON COLUMN integrations.pending_until IS 'When that attempt expires';
COMMENT ON COLUMN integrations.requested_by IS 'Who started that attempt, as kind:id; without one, who started the last';
COMMENT ON COLUMN integrations.attempt_failure IS 'Why the last attempt came to nothing; absent after a start and after an authorization';
COMMENT ON COLUMN integrations.synchronized_at IS 'When what this connection sees was last compared with what the external system has';

CREATE TABLE audit_records (
    organization_id text        NOT NULL,
    id              uuid        PRIMARY KEY,
    action          text        NOT NULL,
    connector       text,
    integration_id  uuid,
    purpose         text,
    refused         text,
    count           bigint      NOT NULL,
    actor           text,
    correlation_id  text,
    first_at        timestamptz NOT NULL,
    last_at         timestamptz NOT NULL,
    sequence        bigint      NOT NULL
);
CREATE INDEX audit_records_of_organization ON audit_records (organization_id, last_at DESC, sequence DESC);
COMMENT ON TABLE audit_records IS 'Uses of credentials, and what was refused: what has to be known later and changes nothing';
COMMENT ON COLUMN audit_records.organization_id IS 'The organization, or - where none is known';
COMMENT ON COLUMN audit_records.action IS 'credential_read or authorization_refused';
COMMENT ON COLUMN audit_records.purpose IS 'What a credential was opened for';
COMMENT ON COLUMN audit_records.refused IS 'Why it was refused or failed; absent where it was done';
COMMENT ON COLUMN audit_records.count IS 'How often between first_at and last_at';
