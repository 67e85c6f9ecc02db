-- What a user does not want to see any more, in their own view only. hides tells
-- without looking whether a member hides anything at all.

ALTER TABLE chat_members ADD COLUMN hides INTEGER NOT NULL DEFAULT 0;

CREATE TABLE chat_hidden (
  user_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (user_id, chat_id, seq)
) WITHOUT ROWID;
