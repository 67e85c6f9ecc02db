-- While it is set and the status holds, nothing of the user's is to ring.
ALTER TABLE presence_users ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
