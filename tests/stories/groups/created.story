# A new group's first entry tells every member that it was made
ann, bob, cid connect
ann's phone connects
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"], "about": "food"} as g
bob, ann's phone get group.changed {"chatId": "${g.chatId}", "seq": 1, "kind": "member", "change": {"action": "created", "by": "${ann}"}}
cid gets nothing
bob sends sync.pull {}
bob gets ok {"chats": [{"chatId": "${g.chatId}", "kind": "group", "title": "Kitchen", "role": "member", "memberCount": 2, "lastSeq": 1}]}
bob sends group.members {"chatId": "${g.chatId}"}
bob gets ok {"members": ["${any}", "${any}"], "more": false}
