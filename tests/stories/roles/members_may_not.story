# A member can't add, remove, rename or promote
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann, bob forget
bob sends group.add {"chatId": "${g.chatId}", "userIds": ["${cid}"]}
bob gets error forbidden
bob sends group.remove {"chatId": "${g.chatId}", "userIds": ["${ann}"]}
bob gets error forbidden
bob sends group.update {"chatId": "${g.chatId}", "title": "Mine"}
bob gets error forbidden
bob sends group.role {"chatId": "${g.chatId}", "userId": "${bob}", "role": "owner"}
bob gets error forbidden
ann, cid get nothing
