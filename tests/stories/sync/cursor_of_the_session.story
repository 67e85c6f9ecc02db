# What happens after session.open is after its cursor
ann, bob connect
bob says "before" to ann
ann drops
ann reconnects
bob says "after" to ann as m2
ann gets chat.message {"content": {"text": "after"}}
ann sends sync.pull {"cursor": "${ann.cursor}"}
ann gets ok {"chats": [{"chatId": "${m2.chatId}", "lastSeq": 2}]}
