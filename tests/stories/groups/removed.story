# Who is removed hears so last, reads up to there and writes no more
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}", "${cid}"]} as g
ann, bob, cid forget
ann sends group.remove {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
bob, cid get group.changed {"seq": 2, "change": {"action": "removed", "userId": "${bob}", "by": "${ann}"}}
ann says "without bob" in ${g.chatId}
bob gets nothing
bob says "hey" in ${g.chatId}
bob gets error forbidden
bob sends chat.history {"chatId": "${g.chatId}", "after": 0}
bob gets ok {"entries": [{"seq": 1}, {"seq": 2}], "more": false}
bob sends sync.pull {}
bob gets ok {"chats": [{"chatId": "${g.chatId}", "left": true}]}
