# Who is blocked sees neither presence nor last seen nor typing of the blocker
ann, bob connect
ann sends chat.open {"userId": "${bob}"} as chat
ann sends presence.watch {"userIds": ["${bob}"]}
bob sends user.block {"userId": "${ann}"}
clock +2s
ann gets presence.update exactly {"users": [{"userId": "${bob}", "status": "offline"}]}
bob sends presence.set {"status": "busy"}
bob notifies typing.set {"chatId": "${chat.chatId}", "state": "typing"}
clock +2s
ann gets nothing
