/*
 * The SQL of plugins/chat/store.lua and send.lua, with numbers for names. A
 * change there belongs here too, or the bench compares two different things.
 */
#ifndef TESTS_LOAD_MESHBARE_STATEMENTS_H
#define TESTS_LOAD_MESHBARE_STATEMENTS_H

enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_REV,
    SQL_IDENTITY,
    SQL_ALLOC,
    SQL_INSERT,
    SQL_CHAT,
    SQL_MEMBER,
    SQL_COUNT,
};

static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_REV] = "UPDATE mesh_meta SET value = ?1 WHERE name = 'rev'",
    [SQL_IDENTITY] = "SELECT chat_id, seq, message_id, sent_at, fingerprint FROM chat_entries"
                     " WHERE sender_id = ?1 AND device_id = ?2 AND client_msg_id = ?3",
    [SQL_ALLOC] =
        "UPDATE chat_chats SET last_seq = last_seq + 1, updated_at = max(updated_at, ?3),"
        " rev = ?4 WHERE chat_id = ?1 AND EXISTS (SELECT 1 FROM chat_members m"
        " WHERE m.chat_id = ?1 AND m.user_id = ?2 AND m.left_seq IS NULL"
        " AND (m.peer IS NULL OR m.peer = m.user_id OR NOT EXISTS ("
        "  SELECT 1 FROM users_blocks b WHERE b.user_id = m.peer AND b.blocked_id = m.user_id))"
        " AND (chat_chats.admins_only = 0 OR m.role <> 'member')"
        " AND (chat_chats.slow_mode_s = 0 OR m.role <> 'member'"
        "  OR m.last_sent_at + chat_chats.slow_mode_s * 1000 <= ?3))"
        " RETURNING last_seq, updated_at, members_version, slow_mode_s",
    [SQL_INSERT] =
        "INSERT INTO chat_entries (chat_id, seq, kind, message_id, sender_id, device_id,"
        "  client_msg_id, fingerprint, sent_at, type, content, reply_to, mentions, expires_at)"
        " SELECT chat_id, last_seq, 'message', ?2, ?3, ?4, ?5, ?6, updated_at, ?7, ?8, ?9, ?10,"
        "  updated_at + ?11 * 1000 FROM chat_chats WHERE chat_id = ?1",
    [SQL_CHAT] = "INSERT INTO chat_chats (chat_id, kind, member_count, created_at, updated_at, rev)"
                 " VALUES (?1, ?2, ?3, ?4, ?4, ?5) ON CONFLICT (chat_id) DO NOTHING",
    [SQL_MEMBER] = "INSERT INTO chat_members (chat_id, user_id, peer, joined_at, rev)"
                   " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (chat_id, user_id) DO NOTHING",
};

#endif
