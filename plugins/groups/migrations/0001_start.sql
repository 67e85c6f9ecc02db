-- Invite links. The code itself is not stored, only its hash.
CREATE TABLE groups_links (
  code_hash TEXT PRIMARY KEY,
  chat_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  uses_left INTEGER
);

CREATE INDEX groups_links_by_chat ON groups_links (chat_id, created_at);
