-- A user who was erased keeps the row, so that the id stays taken and others
-- see a tombstone; the name is free again.
CREATE TABLE users_users (
  user_id TEXT PRIMARY KEY,
  username TEXT,
  username_key TEXT UNIQUE,
  password_hash TEXT,
  display_name TEXT,
  display_key TEXT,
  avatar TEXT,
  about TEXT,
  privacy_last_seen TEXT NOT NULL DEFAULT 'everyone',
  privacy_read_receipts INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  erased_at INTEGER
);

CREATE INDEX users_users_by_display ON users_users (display_key) WHERE display_key IS NOT NULL;

-- A login is a session and a family of refresh tokens: refresh_turn counts
-- them, and only the newest is good. No token is stored.
CREATE TABLE users_logins (
  session_id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_name TEXT,
  device_platform TEXT,
  refresh_turn INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  revoked_at INTEGER
);

CREATE INDEX users_logins_by_user ON users_logins (user_id, last_seen_at);
CREATE INDEX users_logins_revoked ON users_logins (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX users_logins_by_use ON users_logins (last_seen_at) WHERE revoked_at IS NULL;

CREATE TABLE users_devices (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  name TEXT,
  platform TEXT,
  first_login_at INTEGER NOT NULL,
  last_login_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, device_id)
) WITHOUT ROWID;

-- user_id has blocked blocked_id.
CREATE TABLE users_blocks (
  user_id TEXT NOT NULL,
  blocked_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, blocked_id)
) WITHOUT ROWID;

CREATE INDEX users_blocks_by_blocked ON users_blocks (blocked_id, user_id);
