-- Messages that wait for their time, under the identity they will have. The row
-- goes in the transaction that writes the message, so it is sent once.

CREATE TABLE chat_scheduled (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  client_msg_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  chat_id TEXT NOT NULL,
  message TEXT NOT NULL,
  send_at INTEGER NOT NULL,
  next_at INTEGER,
  failed TEXT
);

CREATE UNIQUE INDEX chat_scheduled_by_identity
  ON chat_scheduled (user_id, device_id, client_msg_id);
-- Those with a next_at are still to be sent.
CREATE INDEX chat_scheduled_due ON chat_scheduled (next_at) WHERE next_at IS NOT NULL;
