-- Who wrote a forwarded message first, and when: {"senderId"?, "at"}.

ALTER TABLE chat_entries ADD COLUMN forwarded TEXT;
