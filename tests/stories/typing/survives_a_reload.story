# Who was writing when the plugin was replaced is still called silent after six seconds
ann, bob connect
ann sends chat.open {"userId": "${bob}"} as chat
ann sends typing.set {"chatId": "${chat.chatId}", "state": "typing"}
bob gets typing.update {"state": "typing"}
reload presence
bob gets nothing
clock +7s
bob gets typing.update {"state": "idle"}
bob gets nothing
