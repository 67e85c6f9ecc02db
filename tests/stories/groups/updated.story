# A new title is one entry that all members see, and the same title again is none
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
bob forgets
ann sends group.update {"chatId": "${g.chatId}", "title": "Hall"}
bob gets group.changed {"seq": 2, "kind": "member", "change": {"action": "updated", "title": "Hall", "by": "${ann}"}}
ann sends group.update {"chatId": "${g.chatId}", "title": "Hall"}
bob gets nothing
bob sends sync.pull {}
bob gets ok {"chats": [{"title": "Hall"}]}
