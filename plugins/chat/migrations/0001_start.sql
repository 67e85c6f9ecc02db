-- A chat is a log keyed (chat, seq): one row an entry, however many members.
-- Wide rows stay out of clustered tables; chat_members is narrow, so it is one.

CREATE TABLE chat_chats (
  chat_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT,
  about TEXT,
  avatar TEXT,
  slow_mode_s INTEGER NOT NULL DEFAULT 0,
  permissions TEXT NOT NULL DEFAULT '{}',
  admins_only INTEGER NOT NULL DEFAULT 0,
  pin_admins INTEGER NOT NULL DEFAULT 0,
  history_for_new INTEGER NOT NULL DEFAULT 0,
  last_seq INTEGER NOT NULL DEFAULT 0,
  members_version INTEGER NOT NULL DEFAULT 1,
  member_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  rev INTEGER NOT NULL
);

-- first_seq to left_seq is what a member may read; unread starts after joined_seq.
CREATE TABLE chat_members (
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'member',
  peer TEXT,
  opened INTEGER NOT NULL DEFAULT 1,
  joined_at INTEGER NOT NULL,
  first_seq INTEGER NOT NULL DEFAULT 1,
  joined_seq INTEGER NOT NULL DEFAULT 0,
  left_seq INTEGER,
  left_at INTEGER,
  left_title TEXT,
  left_count INTEGER,
  delivered INTEGER NOT NULL DEFAULT 0,
  read INTEGER NOT NULL DEFAULT 0,
  read_shown INTEGER NOT NULL DEFAULT 0,
  muted_until INTEGER NOT NULL DEFAULT 0,
  last_sent_at INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL,
  PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;

CREATE INDEX chat_members_by_user ON chat_members (user_id, chat_id);

-- original is a message's content before its first edit, for who left before it.
CREATE TABLE chat_entries (
  id INTEGER PRIMARY KEY,
  chat_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message_id TEXT NOT NULL,
  sender_id TEXT,
  device_id TEXT,
  client_msg_id TEXT,
  fingerprint BLOB,
  sent_at INTEGER NOT NULL,
  type TEXT,
  content TEXT,
  original TEXT,
  target INTEGER,
  emoji TEXT,
  on_flag INTEGER,
  change TEXT,
  reply_to INTEGER,
  mentions TEXT,
  expires_at INTEGER,
  edited_at INTEGER,
  deleted INTEGER NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX chat_entries_by_seq ON chat_entries (chat_id, seq);
CREATE UNIQUE INDEX chat_entries_by_identity ON chat_entries (sender_id, device_id, client_msg_id)
  WHERE client_msg_id IS NOT NULL;
-- Counts unread messages without touching the rows.
CREATE INDEX chat_entries_unread ON chat_entries (chat_id, seq, sender_id)
  WHERE kind = 'message' AND deleted = 0;
CREATE INDEX chat_entries_expiring ON chat_entries (expires_at)
  WHERE expires_at IS NOT NULL AND deleted = 0;
CREATE INDEX chat_entries_by_target ON chat_entries (chat_id, target) WHERE target IS NOT NULL;

CREATE TABLE chat_reactions (
  chat_id TEXT NOT NULL,
  target INTEGER NOT NULL,
  emoji TEXT NOT NULL,
  user_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (chat_id, target, emoji, user_id)
) WITHOUT ROWID;

CREATE TABLE chat_pins (
  chat_id TEXT NOT NULL,
  target INTEGER NOT NULL,
  pinned_by TEXT NOT NULL,
  pinned_at INTEGER NOT NULL,
  PRIMARY KEY (chat_id, target)
) WITHOUT ROWID;

CREATE TABLE chat_bans (
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  banned_by TEXT NOT NULL,
  banned_at INTEGER NOT NULL,
  PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;

-- Erased users whose messages are being made tombstones, and how far that is.
CREATE TABLE chat_erasures (
  user_id TEXT PRIMARY KEY,
  device_id TEXT NOT NULL DEFAULT '',
  client_msg_id TEXT NOT NULL DEFAULT '',
  done INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX chat_erasures_open ON chat_erasures (user_id) WHERE done = 0;
