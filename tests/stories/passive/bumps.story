# a passive session gets full messages of the open chat and one bump of another
ann, bob, cid connect
ann's phone connects
bob says "hello" to ann as b1
cid says "hello" to ann as c1
ann's phone sends chat.focus {"chatIds": ["${b1.chatId}"]}
clock      +1s
ann, ann's phone forget
bob says "in the open chat" to ann
ann's phone gets chat.message {"chatId": "${b1.chatId}", "content": {"text": "in the open chat"}}
3 times cid says "elsewhere" to ann
ann's phone gets nothing chat.message
clock      +2s
ann's phone gets chat.bump exactly {"chatId": "${c1.chatId}", "lastSeq": 4, "unread": 4}
ann's phone gets nothing
ann gets chat.message {"chatId": "${b1.chatId}"}
3 times ann gets chat.message {"chatId": "${c1.chatId}"}
