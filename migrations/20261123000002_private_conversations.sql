-- What is said in a private channel, or to the product alone, is not shown outside of it.
-- A rebuild makes the column true of what was said before; until then such conversations stay as they were shown.

ALTER TABLE conversations ADD COLUMN is_private boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN conversations.is_private IS 'Whether only those who see its channel may know of it';
COMMENT ON COLUMN conversation_messages.answer_state IS 'requested, posted, failed, stopped or merged';
