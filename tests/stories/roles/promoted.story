# A promotion is told to all and counts at once
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann, bob forget
ann sends group.role {"chatId": "${g.chatId}", "userId": "${bob}", "role": "admin"}
bob gets group.changed {"seq": 2, "change": {"action": "role", "userId": "${bob}", "role": "admin", "by": "${ann}"}}
bob sends group.add {"chatId": "${g.chatId}", "userIds": ["${cid}"]}
cid gets group.changed {"change": {"action": "added", "by": "${bob}"}}
bob sends group.remove {"chatId": "${g.chatId}", "userIds": ["${ann}"]}
bob gets error forbidden
