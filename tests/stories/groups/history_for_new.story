# With historyForNew whoever is added reads from the beginning
ann, bob connect
ann sends group.create {"title": "Kitchen"} as g
ann sends group.update {"chatId": "${g.chatId}", "permissions": {"historyForNew": true}}
ann says "before" in ${g.chatId}
ann sends group.add {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
bob sends chat.history {"chatId": "${g.chatId}", "after": 0, "limit": 1}
bob gets ok {"entries": [{"seq": 1}], "more": true}
