-- Days that a chat's messages are kept; 0: as long as the server says.

ALTER TABLE chat_chats ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 0;

CREATE INDEX chat_chats_retained ON chat_chats (chat_id) WHERE retention_days > 0;
