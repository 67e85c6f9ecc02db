# A message that expires becomes a tombstone on both sides, by a deletion that nobody sent
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {"text": "soon gone"}, "expiresIn": 5} as m1
bob gets chat.message {"expiresAt": "${now+5s}"}
clock +3s
bob gets nothing
clock +4s
ann, bob get chat.deleted {"seq": 2, "kind": "delete", "target": 1, "senderId": null}
bob sends chat.history {"chatId": "${m1.chatId}", "before": 2}
bob gets ok {"entries": [{"deleted": true, "content": "${none}"}]}
bob sends sync.pull {}
bob gets ok {"chats": [{"last": null, "unread": 0, "lastSeq": 2}]}
