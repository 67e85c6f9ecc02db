-- Who may moderate this server.
CREATE TABLE moderation_roles (
  user_id TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  granted_by TEXT,
  granted_at INTEGER NOT NULL
) WITHOUT ROWID;

-- content is what was reported, as it was; kept while the report is open only.
CREATE TABLE moderation_reports (
  report_id TEXT PRIMARY KEY,
  reporter_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  chat_id TEXT NOT NULL DEFAULT '',
  seq INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL,
  text TEXT,
  type TEXT,
  content TEXT,
  status TEXT NOT NULL DEFAULT 'open',
  created_at INTEGER NOT NULL,
  resolved_by TEXT,
  resolved_at INTEGER,
  note TEXT
);

CREATE INDEX moderation_reports_queue ON moderation_reports (status, created_at, report_id);
CREATE INDEX moderation_reports_by_user ON moderation_reports (user_id);
-- One open report a reporter and thing.
CREATE UNIQUE INDEX moderation_reports_once
  ON moderation_reports (reporter_id, user_id, chat_id, seq) WHERE status = 'open';

CREATE TABLE moderation_suspensions (
  user_id TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  until_at INTEGER,
  suspended_by TEXT NOT NULL,
  suspended_at INTEGER NOT NULL
) WITHOUT ROWID;

-- What moderators did. Nothing in it is ever changed or removed.
CREATE TABLE moderation_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  reason TEXT NOT NULL
);

CREATE TRIGGER moderation_audit_stays BEFORE UPDATE ON moderation_audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is not changed');
END;

CREATE TRIGGER moderation_audit_is_kept BEFORE DELETE ON moderation_audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is kept');
END;
