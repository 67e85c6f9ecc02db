# The own devices don't hear that I write
ann, bob connect
ann's phone connects
ann sends chat.open {"userId": "${bob}"} as chat
ann sends typing.set {"chatId": "${chat.chatId}", "state": "typing"}
bob gets typing.update
ann, ann's phone get nothing typing.update
