# A stranger's writing is shown to nobody, and neither is that of a former member
ann, bob, eve connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
eve sends typing.set {"chatId": "${g.chatId}", "state": "typing"}
eve gets error not_found
eve notifies typing.set {"chatId": "${g.chatId}", "state": "typing"}
bob sends group.leave {"chatId": "${g.chatId}"}
ann forgets
bob notifies typing.set {"chatId": "${g.chatId}", "state": "typing"}
ann, bob get nothing typing.update
