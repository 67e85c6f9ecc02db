-- What a user chose, and when they were last seen leaving. While somebody is
-- invisible last_seen_at stands still.
CREATE TABLE presence_users (
  user_id TEXT PRIMARY KEY,
  status TEXT NOT NULL DEFAULT 'online',
  text TEXT,
  until_at INTEGER,
  last_seen_at INTEGER
) WITHOUT ROWID;
