# A moderator deletes a message in a chat of others, and both see it go
ann, bob, mod connect
operator runs moderation grant {"name": "mod"}
ann says "buy now" to bob as m1
mod sends admin.message.delete {"chatId": "${m1.chatId}", "seq": "${m1.seq}", "reason": "spam"}
ann gets chat.deleted {"target": "${m1.seq}", "senderId": null}
bob gets chat.deleted {"target": "${m1.seq}"}
bob sends chat.history {"chatId": "${m1.chatId}"}
bob gets ok {"entries": [{"seq": 1, "deleted": true, "content": "${none}"}, {"kind": "delete", "target": 1}]}
bob sends admin.message.delete {"chatId": "${m1.chatId}", "seq": "${m1.seq}", "reason": "spam"}
bob gets error forbidden
