-- The index of messages' words; a rowid is the id of the message's entry. The
-- column chat holds one word made of the chat's id, so that asking about some
-- chats is an intersection of lists and not a walk through everybody's matches.

CREATE VIRTUAL TABLE search_index USING fts5(
  chat, body, tokenize = 'unicode61 remove_diacritics 2'
);

-- One row: the id of the last entry that is in the index, whether words of
-- deleted messages wait for a rewrite, how many steps of one that is under way
-- are left, and when the last one ended.
CREATE TABLE search_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  done INTEGER NOT NULL,
  purge INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  purged_at INTEGER NOT NULL
);

INSERT INTO search_state (id, done, purge, steps, purged_at) VALUES (1, 0, 0, 0, 0);
