CREATE TABLE bystander_notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
INSERT INTO bystander_notes (text) VALUES ('a secret note');
