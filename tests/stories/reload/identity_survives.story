# A retry after a reload is still a retry
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
reload chat
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
ann gets ok {"seq": 1, "duplicate": true}
bob gets chat.message
bob gets nothing
