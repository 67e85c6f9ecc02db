# Each plugin can be replaced while people are connected, and sessions stay valid
ann, bob connect
ann sends presence.watch {"userIds": ["${bob}"]}
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
bob forgets
reload users
reload chat
reload groups
reload receipts
reload presence
ann says "hi" in ${g.chatId} as m1
bob gets chat.message {"seq": 2}
bob sends receipts.mark {"chatId": "${g.chatId}", "read": 2}
ann gets receipts.update {"read": 2}
ann sends group.update {"chatId": "${g.chatId}", "title": "Hall"}
bob gets group.changed {"seq": 3}
bob sends presence.set {"status": "busy"}
clock +2s
ann gets presence.update {"users": [{"status": "busy"}]}
ann drops
ann reconnects
