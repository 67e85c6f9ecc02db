# Notes to self reach the own other devices and are never unread
ann connects
ann's phone connects
ann sends chat.open {"userId": "${ann}"} as notes
ann says "milk" in ${notes.chatId} as m1
ann gets ok {"seq": 1}
ann's phone gets chat.message {"content": {"text": "milk"}}
ann's phone sends sync.pull {}
ann's phone gets ok {"chats": [{"chatId": "${notes.chatId}", "kind": "direct", "unread": 0, "lastSeq": 1}]}
