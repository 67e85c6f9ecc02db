# Who leaves is told to the others and misses what follows
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann forgets
bob sends group.leave {"chatId": "${g.chatId}"}
ann gets group.changed {"change": {"action": "left", "userId": "${bob}"}}
bob forgets
ann says "gone?" in ${g.chatId}
bob gets nothing
bob sends group.leave {"chatId": "${g.chatId}"}
bob gets error forbidden
