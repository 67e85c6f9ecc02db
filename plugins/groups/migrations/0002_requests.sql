-- Groups that may be found. The group's permissions have the last word; this
-- only says where to look.
CREATE TABLE groups_public (
  chat_id TEXT PRIMARY KEY
) WITHOUT ROWID;

-- Who asks to be let in, and what they say about it.
CREATE TABLE groups_requests (
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  text TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;

CREATE INDEX groups_requests_by_user ON groups_requests (user_id);
CREATE INDEX groups_requests_by_age ON groups_requests (chat_id, created_at, user_id);
