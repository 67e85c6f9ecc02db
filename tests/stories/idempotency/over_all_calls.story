# A clientMsgId used for a message is used for an edit, a reaction and a deletion, too
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}} as m1
ann sends chat.edit {"chatId": "${m1.chatId}", "clientMsgId": "x", "target": 1, "content": {"text": "ho"}}
ann gets error conflict
ann sends chat.react {"chatId": "${m1.chatId}", "clientMsgId": "x", "target": 1, "emoji": "👍", "on": true}
ann gets error conflict
ann sends chat.edit {"chatId": "${m1.chatId}", "clientMsgId": "y", "target": 1, "content": {"text": "ho"}}
ann gets ok exactly {"seq": 2, "duplicate": false}
ann sends chat.edit {"chatId": "${m1.chatId}", "clientMsgId": "y", "target": 1, "content": {"text": "ho"}}
ann gets ok exactly {"seq": 2, "duplicate": true}
