-- Other plugins look for the erased at their start, in case they missed the news.
CREATE INDEX users_users_erased ON users_users (user_id) WHERE erased_at IS NOT NULL;
