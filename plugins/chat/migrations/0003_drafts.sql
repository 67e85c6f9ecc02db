-- What a user has begun to write in a chat, for their other devices. Not part of
-- chat_members, because a text is wide and those rows are narrow.

CREATE TABLE chat_drafts (
  id INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  text TEXT NOT NULL,
  reply_to INTEGER,
  at INTEGER NOT NULL
);

CREATE UNIQUE INDEX chat_drafts_by_chat ON chat_drafts (user_id, chat_id);
