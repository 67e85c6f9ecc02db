# Who is added reads from the joining on, and nothing before is unread
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann says "before" in ${g.chatId}
ann, bob forget
ann sends group.add {"chatId": "${g.chatId}", "userIds": ["${cid}"]}
bob, cid get group.changed {"seq": 3, "kind": "member", "change": {"action": "added", "userId": "${cid}", "by": "${ann}"}}
ann says "after" in ${g.chatId}
cid sends chat.history {"chatId": "${g.chatId}", "after": 0}
cid gets ok {"entries": [{"seq": 3, "kind": "member"}, {"seq": 4, "content": {"text": "after"}}], "more": false}
cid sends sync.pull {}
cid gets ok {"chats": [{"unread": 1, "memberCount": 3}]}
