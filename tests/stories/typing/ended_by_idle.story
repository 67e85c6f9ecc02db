# Writing ends when its writer says so, and repeated beats keep it alive
ann, bob connect
ann sends chat.open {"userId": "${bob}"} as chat
ann sends typing.set {"chatId": "${chat.chatId}", "state": "typing"}
clock +4s
ann sends typing.set {"chatId": "${chat.chatId}", "state": "typing"}
clock +4s
bob gets typing.update {"state": "typing"}
bob gets typing.update {"state": "typing"}
bob gets nothing
ann sends typing.set {"chatId": "${chat.chatId}", "state": "idle"}
bob gets typing.update {"state": "idle"}
