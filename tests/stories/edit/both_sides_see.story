# An edit reaches the other side and changes what history says
ann, bob connect
ann says "helo" to bob as m1
ann sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"text": "hello"}} as e1
ann gets ok exactly {"seq": 2, "duplicate": false}
bob gets chat.edited {"chatId": "${m1.chatId}", "seq": 2, "kind": "edit", "target": 1, "senderId": "${ann}", "content": {"text": "hello"}}
bob sends chat.history {"chatId": "${m1.chatId}"}
bob gets ok {"entries": [{"seq": 1, "content": {"text": "hello"}, "editedAt": "${any}"}, {"seq": 2, "kind": "edit", "target": 1}]}
