-- The second step of a login. The secret is sealed under a key of the host's;
-- last_step is the newest code's time step that was used, so that none works twice.
CREATE TABLE users_totp (
  user_id TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  enabled_at INTEGER,
  last_step INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  wait_until INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Codes on paper for who lost the device; each works once. Only their MAC is here.
CREATE TABLE users_recovery (
  user_id TEXT NOT NULL,
  code_mac TEXT NOT NULL,
  PRIMARY KEY (user_id, code_mac)
) WITHOUT ROWID;
