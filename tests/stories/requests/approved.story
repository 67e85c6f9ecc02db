# Who asks to be let in is in once an admin approves, and not before
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann sends group.update {"chatId": "${g.chatId}", "discoverable": true, "joinPolicy": "request"}
cid sends group.request {"chatId": "${g.chatId}", "text": "it's me"}
cid gets ok {"joined": false}
ann gets group.requested {"userId": "${cid}", "text": "it's me"}
bob gets nothing group.requested
cid sends chat.history {"chatId": "${g.chatId}"}
cid gets error not_found
bob sends group.decide {"chatId": "${g.chatId}", "userId": "${cid}", "approve": true}
bob gets error forbidden
ann sends group.decide {"chatId": "${g.chatId}", "userId": "${cid}", "approve": true}
cid gets group.decided exactly {"chatId": "${g.chatId}", "userId": "${cid}", "approved": true}
cid gets group.changed {"change": {"action": "joined", "userId": "${cid}", "by": "${ann}"}}
ann says "welcome" in ${g.chatId}
cid gets chat.message {"content": {"text": "welcome"}}
