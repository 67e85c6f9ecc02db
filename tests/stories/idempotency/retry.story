# A retry of a send gives the same answer and reaches nobody twice
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}} as m1
bob gets chat.message {"clientMsgId": "x"}
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
ann gets ok exactly {"chatId": "${m1.chatId}", "seq": 1, "messageId": "${m1.messageId}", "sentAt": "${m1.sentAt}", "duplicate": true}
bob gets nothing
ann sends chat.history {"chatId": "${m1.chatId}"}
ann gets ok {"entries": [{"seq": 1}], "more": false}
