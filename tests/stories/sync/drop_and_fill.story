# Who was away fills the gap and has the same state as who was there
ann, bob connect
ann says "1" to bob as m1
bob sends sync.pull {} as before
bob drops
ann says "2" to bob
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
bob reconnects
bob sends sync.pull {"cursor": "${before.cursor}"}
bob gets ok {"chats": [{"lastSeq": 3, "unread": 1, "last": {"seq": 2}}]}
bob sends chat.history {"chatId": "${m1.chatId}", "after": 1}
bob gets ok {"entries": [{"seq": 2, "content": {"text": "2"}}, {"seq": 3, "kind": "delete", "target": 1}], "more": false}
bob gets nothing
