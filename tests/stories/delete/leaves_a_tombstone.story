# A deleted message is gone for both sides, its edits too, and the tombstone stays
ann, bob connect
ann says "secret" to bob as m1
ann sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"text": "secrets"}}
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
ann gets ok {"seq": 3}
bob gets chat.deleted {"seq": 3, "kind": "delete", "target": 1, "senderId": "${ann}"}
bob sends chat.history {"chatId": "${m1.chatId}"} as page
bob gets ok {"entries": [{"seq": 1, "deleted": true, "content": "${none}"}, {"seq": 2, "kind": "edit", "content": "${none}"}, {"seq": 3, "kind": "delete", "target": 1}]}
