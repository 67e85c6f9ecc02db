# With a cursor only the chats that changed since come
ann, bob, cid connect
ann says "hi bob" to bob as m1
cid says "hi ann" to ann as m2
ann sends sync.pull {} as first
ann sends sync.pull {"cursor": "${first.cursor}"} as second
ann gets ok {"chats": [], "more": false}
bob says "hi back" to ann
ann sends sync.pull {"cursor": "${second.cursor}"}
ann gets ok {"chats": [{"chatId": "${m1.chatId}", "lastSeq": 2, "unread": 1}], "more": false}
