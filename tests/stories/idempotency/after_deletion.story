# A retry of a message that was deleted meanwhile still finds its seq and does not bring it back
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}} as m1
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
bob forgets
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
ann gets ok {"seq": 1, "duplicate": true}
bob gets nothing
bob sends chat.history {"chatId": "${m1.chatId}"}
bob gets ok {"entries": [{"seq": 1, "deleted": true, "content": "${none}"}, {"seq": 2, "kind": "delete"}]}
