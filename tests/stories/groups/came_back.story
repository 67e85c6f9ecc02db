# Who comes back reads from the newest joining
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
bob sends group.leave {"chatId": "${g.chatId}"}
ann says "missed" in ${g.chatId}
ann sends group.add {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
bob sends chat.history {"chatId": "${g.chatId}", "after": 0}
bob gets ok {"entries": [{"seq": 4, "kind": "member", "change": {"action": "added"}}]}
