# A reply carries the seq of the message it answers; to what is no message there is no reply
ann, bob connect
ann says "tea?" to bob as m1
bob sends chat.send {"chatId": "${m1.chatId}", "type": "text", "content": {"text": "yes"}, "replyTo": 1}
ann gets chat.message {"seq": 2, "replyTo": 1}
bob sends chat.react {"chatId": "${m1.chatId}", "target": 1, "emoji": "👍", "on": true}
ann sends chat.send {"chatId": "${m1.chatId}", "type": "text", "content": {"text": "?"}, "replyTo": 3}
ann gets error not_found
ann sends chat.send {"chatId": "${m1.chatId}", "type": "text", "content": {"text": "?"}, "replyTo": 99}
ann gets error not_found
bob gets chat.message {"seq": 1}
bob gets nothing chat.message
