# Writing ends with the message
ann, bob connect
ann sends chat.open {"userId": "${bob}"} as chat
ann notifies typing.set {"chatId": "${chat.chatId}", "state": "recording"}
bob gets typing.update {"chatId": "${chat.chatId}", "userId": "${ann}", "state": "recording", "ttlMs": 6000}
ann says "hi" in ${chat.chatId}
bob gets typing.update {"state": "idle"}
clock +10s
bob gets nothing typing.update
