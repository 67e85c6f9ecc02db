# a message deleted for me is gone from my devices and stays on the other's
ann, bob connect
ann's phone connects
bob says "one" to ann as m1
bob says "two" to ann as m2
ann, ann's phone forget
ann sends  chat.hide {"chatId": "${m1.chatId}", "targets": ["${m2.seq}"]}
ann gets   ok {}
ann's phone gets chat.updated {"chatId": "${m1.chatId}", "hides": 1, "hidden": ["${m2.seq}"]}
ann's phone sends chat.history {"chatId": "${m1.chatId}"}
ann's phone gets ok {"entries": [{"seq": 1, "content": {"text": "one"}}, {"seq": 2, "hidden": true, "content": "${none}"}]}
ann's phone sends sync.pull {}
ann's phone gets ok {"chats": [{"lastSeq": 2, "unread": 1, "last": {"seq": 1}}]}
bob sends  chat.history {"chatId": "${m1.chatId}"}
bob gets   ok {"entries": [{"seq": 1}, {"seq": 2, "hidden": "${none}", "content": {"text": "two"}}]}
bob gets nothing chat.updated
